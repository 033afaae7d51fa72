"""IRSA Explorer: walk through IAM Roles for Service Accounts, simulated or live."""

__version__ = "0.1.0"
"""That of the package, too: `pyproject.toml` reads it here."""
