"""All Pods of a ServiceAccount: which one to examine, how each stands to it, what to do about those without its
role."""
