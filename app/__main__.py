"""`python -m app`: the commands of `app.commands.main`."""

from app.commands.starting import python_m_app

python_m_app()
