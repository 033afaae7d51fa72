"""`python -m app`: serve, world, walk, token."""

from app.commands.main import main

main()
