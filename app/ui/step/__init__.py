"""A step's page: its lesson, prediction, evidence and instruments."""
