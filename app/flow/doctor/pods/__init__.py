"""All Pods of a ServiceAccount: how each stands to it, and what to do about those that do not use its role."""
