"""Missions: small tasks in a world that is changed first, as data, with goals that the world itself is judged by."""
