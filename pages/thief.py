"""Steal a token out of a Pod, use it elsewhere, and find out what stops that."""

from app.ui.thief.page import thief

thief()
