"""The parts of the doctor's command line: whose IRSA, in which clusters, how often, and in which format."""
