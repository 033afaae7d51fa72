"""Which object a person means, in kubectl's own words, and whose IRSA that makes it."""
