"""What the doctor reads beside the walk: the variables of containers, and which names are near a wrong one."""
