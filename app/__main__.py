"""`python -m app`: the commands of `app.commands.main`."""

from app.starting import python_m_app

python_m_app()
