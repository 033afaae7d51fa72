"""EKS: the cluster as its API describes it, the associations of Pod Identity, and the tokens of `aws eks get-token`."""
