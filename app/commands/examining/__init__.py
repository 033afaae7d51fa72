"""What the command line of the doctor is made of: whose IRSA, in which clusters, how often, and in which format."""
