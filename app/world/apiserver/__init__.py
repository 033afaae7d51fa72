"""A Kubernetes API server for one world: objects in memory, the real protocol on the wire."""
