"""Which Kubernetes this is: the version of the simulated control plane, and of the kubelets that come with it."""

from __future__ import annotations

MAJOR, MINOR, PATCH = 1, 33, 5
KUBERNETES_VERSION = f"{MAJOR}.{MINOR}"
"""As EKS names the version of the control plane."""
RELEASE = f"v{KUBERNETES_VERSION}.{PATCH}"
GIT_VERSION = f"{RELEASE}-eks-irsa-explorer"
"""As the API server says it, and each kubelet of a new node group: it has the control plane's version."""
