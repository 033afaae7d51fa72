"""Learn what IRSA is for, and where the walk begins."""

from app.ui.story.home import home

home()
