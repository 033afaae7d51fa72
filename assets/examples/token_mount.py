# The token that lies in the Pod, verified as STS does it: with the public key that its kid names.
# A real cluster lets you read it only while the Pod runs; the simulation keeps the files of a finished one.
import json

import jwt
from kubernetes import client, config
from kubernetes.stream import stream

config.load_kube_config()
answer = client.OpenidApi().get_service_account_issuer_open_id_keyset(_preload_content=False)
keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(answer.data.decode()).keys}
read = ["cat", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"]
exec_ = client.CoreV1Api().connect_get_namespaced_pod_exec
token = stream(exec_, "pod-after", "default", command=read, stdout=True, stderr=False, stdin=False, tty=False)
kid = jwt.get_unverified_header(token)["kid"]
claims = jwt.decode(token, keys[kid], algorithms=["RS256"], audience="sts.amazonaws.com")
print("verified with", kid, json.dumps(claims, indent=2), sep="\n")
