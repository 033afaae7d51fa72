"""STS: temporary credentials for a web identity, for a role, and who the caller is."""
