"""Worlds that outlive their process: their state as JSON, a snapshot and a journal of it on the disk, and back."""
