"""A Pod's mounts: its volumes, the files in them, and the tokens that the kubelet asks for."""
