"""The pages that collect what was learnt: the chain on one page, and questions that a world answers."""
