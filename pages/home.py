"""Learn what IRSA is for, and where the walk begins."""

from app.ui.home import home

home()
