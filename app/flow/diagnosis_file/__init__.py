"""A diagnosis as a file: what is saved of it, and how strictly it is read again."""
