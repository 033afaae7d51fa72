"""What puts a simulated AWS beside a real cluster: the objects in the cluster, the edits of Pods, and the refusals."""
