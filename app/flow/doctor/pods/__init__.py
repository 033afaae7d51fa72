"""All Pods of a ServiceAccount: which one to examine, how each stands to it, and what to do about the others."""
