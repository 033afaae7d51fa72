"""A diagnosis or a survey as something to hand on: for scripts, for people, as a picture, and for CI."""
