"""What is done with each kind of object when it is created, changed and deleted."""
