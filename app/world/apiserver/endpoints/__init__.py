"""What answers a request: one module for each kind of answer, and the application that has them all."""
