"""The page of the missions: small tasks with a goal that the world is judged by."""

from app.ui.missions.page import missions

__all__ = ["missions"]
