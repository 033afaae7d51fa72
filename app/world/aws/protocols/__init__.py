"""What AWS's protocols have in common beside a service: answers, errors, and the refusal of what is not simulated."""
