"""IRSA Explorer: walk through IAM Roles for Service Accounts, simulated or live."""
