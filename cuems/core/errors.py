"""The domain's own errors. Each carries its data and writes its own message."""


class CuemsError(Exception):
    """Anything cuems raises on purpose; its text is one line a crew can act on."""
