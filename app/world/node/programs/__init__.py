"""The programs in a Pod's containers: the AWS CLI, how it finds credentials, and the programs around it."""
