"""Compare five ways for Pods to get AWS credentials, and find the one that fits."""

from app.ui.reference.compare import compare

compare()
