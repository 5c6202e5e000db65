"""cuems: an open show-control engine for Linux."""

__version__ = "0.1.0"
