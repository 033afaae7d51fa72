"""Learn what STS verifies of a token, in which order, and why it lets the Pod in."""

from app.ui.step.page import lesson

lesson("sts_assume")
