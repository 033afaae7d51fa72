"""What the doctor makes of what the Pod's program was refused, by its log."""
