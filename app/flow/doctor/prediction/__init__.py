"""What a fix leads to, before it is run: it is made on a copy of what was read, and the copy is examined."""
