"""`python -m app`: serve, world, walk, faults, doctor, token."""

from app.commands.main import main

main()
