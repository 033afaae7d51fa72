"""The page of the missions: small tasks, each with goals that are checked in the reader's world."""

from app.ui.missions.page import missions

__all__ = ["missions"]
