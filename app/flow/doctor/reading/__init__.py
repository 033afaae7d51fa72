"""What the doctor reads beside the walk: the variables of containers, and existing names similar to a wrong one."""
