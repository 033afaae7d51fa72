"""The page of the exercise: build IRSA in a world that began empty."""

from app.ui.build.page import build

__all__ = ["build"]
