"""The doctor: a walk, what only a running Pod shows, one verdict, and the commands that fix it."""

from app.flow.doctor.diagnosis import Diagnosis, diagnose, examine
from app.flow.doctor.fix import Change, Fix

__all__ = ["Change", "Diagnosis", "Fix", "diagnose", "examine"]
