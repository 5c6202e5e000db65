"""The demo show, written and rendered at first run."""
