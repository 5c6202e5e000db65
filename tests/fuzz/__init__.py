"""Long fuzzing, each one command; a small version of each is among the tests."""
