"""The node: the kubelet, the volumes it mounts, and what runs in its Pods' containers."""
