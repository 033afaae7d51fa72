"""Build IRSA piece by piece in a world that began empty, and see each piece do its part."""

from app.ui.build import build

build()
