"""Learn what is wrong with an IRSA, and which command fixes it."""

from app.ui.doctor.page import doctor

doctor()
