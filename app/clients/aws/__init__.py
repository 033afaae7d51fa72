"""The port to AWS, over boto3."""
