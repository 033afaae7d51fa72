"""What a walk comes to: the first broken link, the causes that a refusal leaves, and how it shows."""
