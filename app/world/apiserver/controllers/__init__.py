"""What the controller manager does: keeps workloads as they are wanted, and removes what belonged to what is gone."""
