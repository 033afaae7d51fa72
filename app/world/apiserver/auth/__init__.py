"""Authentication and authorization: who sends a request, and whether they may."""
