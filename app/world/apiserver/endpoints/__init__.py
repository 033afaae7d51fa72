"""The HTTP responses: one module for each kind of response, and the application that has them all."""
