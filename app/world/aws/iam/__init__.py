"""IAM: OIDC providers, roles, policies."""

from app.world.aws.iam.actions import call

__all__ = ["call"]
