"""The simulated AWS: one http endpoint for STS, IAM, S3, EKS, CloudTrail and instance metadata."""
