"""Teach IRSA to a room in 45 minutes: the plan, its clock, and the way back for those who are late."""

from app.ui.presenting.workshop import workshop

workshop()
