"""Learn who asks for the token, who signs it, who mounts it, and how to read it."""

from app.ui.step.page import lesson

lesson("token_mount")
