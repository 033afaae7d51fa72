"""The policy language of IAM: grammar, statements, conditions and patterns, without any meaning of a claim."""
