"""Move one world along its clock, and ask at each moment which token and which session still work."""

from app.ui.time_machine.page import time_machine

time_machine()
