"""The small programs of a container's image, as coreutils, grep, sed and curl have them, for what learners type."""
