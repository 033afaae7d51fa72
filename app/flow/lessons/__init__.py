"""What lessons compute: predictions, how far a stolen token reaches, what the webhook leaves alone."""
