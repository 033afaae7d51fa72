"""The pages that gather up what was learnt: the chain on one page, and questions that a world answers."""
