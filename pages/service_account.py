"""Learn how a ServiceAccount and a role name each other, and which of the two gives the permission."""

from app.ui.step.page import lesson

lesson("service_account")
