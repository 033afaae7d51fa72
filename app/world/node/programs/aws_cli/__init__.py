"""What the AWS CLI makes of its command line and of the answers that it gets: operations, `s3`, `configure`, output."""
