"""What a fix leads to: before anyone runs it, the doctor applies it to a copy of what was read."""
