"""The port to the cluster, over the `kubernetes` client."""
