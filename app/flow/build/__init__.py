"""The exercise in which a reader builds IRSA: its tasks, what each is done by, and the commands that do it."""
