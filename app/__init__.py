"""IRSA Explorer: walk through IAM Roles for Service Accounts, simulated or live."""

__version__ = "0.1.0"
"""Also the version of the package: `pyproject.toml` reads it here."""
