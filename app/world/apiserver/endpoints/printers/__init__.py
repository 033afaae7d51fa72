"""Server-side printing: the columns of `kubectl get` for each kind."""
