"""Learn what the temporary credentials allow, and which document decides that."""

from app.ui.step.page import lesson

lesson("access")
