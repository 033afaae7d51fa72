"""What operators of a server need: probes, metrics, a log that programs read, and a stop that loses no work."""
