"""Twelve small tasks in worlds that are changed first; whether one is done is judged by the world."""

from app.ui.missions import missions

missions()
