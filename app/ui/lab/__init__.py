"""The lab: the reader predicts a fault in this browser's world, injects it, diagnoses it and fixes it."""
