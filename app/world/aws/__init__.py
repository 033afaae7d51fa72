"""The simulated AWS: one http endpoint for STS, IAM, S3 and instance metadata."""
