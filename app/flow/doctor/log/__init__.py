"""What the doctor makes of the log of the Pod's program."""
