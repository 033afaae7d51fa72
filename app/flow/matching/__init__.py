"""The matcher: what of a token a trust policy accepts, how near the miss is, and which edit would help."""
