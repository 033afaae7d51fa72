"""`aws`: a simulated AWS account beside the reader's own cluster."""
