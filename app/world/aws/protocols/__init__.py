"""What AWS's protocols have in common beside a service: their errors, and the refusal of what is not simulated."""
