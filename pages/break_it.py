"""Break a link of IRSA, predict what shows, find the cause and fix it."""

from app.ui.lab.page import break_it

break_it()
