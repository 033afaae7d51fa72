"""One simulated AWS account with its issuer and webhook, for a cluster that is not simulated."""
