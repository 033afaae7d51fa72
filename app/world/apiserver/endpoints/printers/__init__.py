"""Server-side printing: what `kubectl get` shows of each kind."""
