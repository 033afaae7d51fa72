"""IRSA on one page: the whole chain with this world's values, to keep and to print."""

from app.ui.review.one_page import one_page

one_page()
