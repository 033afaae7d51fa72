"""What a role may do, and what of that its Pod asks for: IAM's evaluation of permission policies and boundaries."""

from app.flow.permissions.evaluation import PermissionDecision, Policies, evaluate_permissions

__all__ = ["PermissionDecision", "Policies", "evaluate_permissions"]
