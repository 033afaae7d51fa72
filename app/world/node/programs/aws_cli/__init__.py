"""How the AWS CLI reads its command line and prints the answers that it gets: operations, `s3`, `configure`, output."""
