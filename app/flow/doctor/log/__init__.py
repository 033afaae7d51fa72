"""The fixes for what the Pod's program was refused, by the error message in its log."""
