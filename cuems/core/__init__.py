"""What a show is: values and state machines. No await, clock, file, socket or log."""
