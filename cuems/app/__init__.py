"""Who runs, and for how long: resources, task groups, signals."""
