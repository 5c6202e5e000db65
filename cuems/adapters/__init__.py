"""How it reaches the world: one third-party I/O library per file."""
