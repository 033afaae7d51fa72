"""Diagrams and other figures, drawn from a walk or from what was sent."""
