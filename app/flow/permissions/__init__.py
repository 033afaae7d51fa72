"""What a role may do, and what of that its Pod asks for: IAM's evaluation of permission policies and boundaries."""

from app.flow.permissions.evaluation import PermissionDecision, evaluate_permissions

__all__ = ["PermissionDecision", "evaluate_permissions"]
