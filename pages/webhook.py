"""Learn what the pod identity webhook writes into a Pod, and what it leaves alone."""

from app.ui.step.page import lesson

lesson("webhook")
