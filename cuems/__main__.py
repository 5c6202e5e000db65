"""`python -m cuems`."""

from cuems.cli import main

if __name__ == "__main__":
    main()
