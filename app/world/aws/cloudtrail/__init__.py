"""CloudTrail's event history: what STS was asked with a web identity, and what it answered."""
