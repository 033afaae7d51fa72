"""The lab: a fault is caused in this browser's world, predicted, diagnosed and fixed."""
