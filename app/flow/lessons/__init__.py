"""What lessons compute: predictions, how far a stolen token reaches, which scheme fits; talks and workshops as data."""
