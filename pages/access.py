"""Learn what the temporary credentials allow, and which document decides that."""

from app.ui.lesson import lesson

lesson("access")
