"""What is asked for: verb, resource, name and options."""
