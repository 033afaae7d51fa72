"""What objects are: their schema, defaults, names, and how they are read and written."""
