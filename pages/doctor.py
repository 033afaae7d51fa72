"""Learn what is wrong with an IRSA, and which command mends it."""

from app.ui.doctor.page import doctor

doctor()
