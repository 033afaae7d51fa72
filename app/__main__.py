"""`python -m app`: serve, world, walk, doctor, token."""

from app.commands.main import main

main()
