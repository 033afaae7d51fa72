"""A diagnosis or a survey as something to hand on: JSON for scripts, one HTML file for people, a Graphviz picture."""
