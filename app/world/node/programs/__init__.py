"""What runs in a Pod's containers: the AWS CLI, how it finds credentials, and what is around it."""
