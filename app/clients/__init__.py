"""The two outside parties and the issuer, reached through the real client libraries."""
