# The same Pod in two dry runs: with the label that keeps the webhook away, and without. What differs is its work.
# On an older EKS cluster the webhook may not heed that label; then there is no difference.
import difflib

import yaml
from kubernetes import client, config

config.load_kube_config()
specs = []
for label in ({"eks.amazonaws.com/skip-pod-identity-webhook": "true"}, {"app": "probe"}):
    containers = [{"name": "probe", "image": "busybox"}]
    spec = {"serviceAccountName": "my-sa", "automountServiceAccountToken": False, "containers": containers}
    pod = {"metadata": {"name": "probe", "labels": label}, "spec": spec}
    found = client.CoreV1Api().create_namespaced_pod("default", pod, dry_run="All").spec
    text = yaml.safe_dump(client.ApiClient().sanitize_for_serialization(found))
    specs.append(text.replace("- ", "  ").splitlines())
print(*(line for line in difflib.ndiff(*specs) if line[0] in "+-"), sep="\n")
