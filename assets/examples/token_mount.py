# The token in the Pod, verified as STS does it: with the issuer's public key that its kid refers to.
# A real cluster lets you read it only while the Pod runs; the simulation keeps the files of a finished one.
# In the simulation the issuer answers at the API server's address; for a real cluster: at, ca = issuer, None
import json
import ssl
from urllib.parse import urlsplit

import jwt
from kubernetes import client, config
from kubernetes.stream import stream

config.load_kube_config()
read = ["cat", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"]
exec_ = client.CoreV1Api().connect_get_namespaced_pod_exec
token = stream(exec_, "pod-after", "default", command=read, stdout=True, stderr=False, stdin=False, tty=False)
issuer, server = jwt.decode(token, options={"verify_signature": False})["iss"], client.Configuration.get_default_copy()
at, ca = urlsplit(server.host)._replace(path=urlsplit(issuer).path).geturl(), server.ssl_ca_cert
key = jwt.PyJWKClient(f"{at}/keys", ssl_context=ssl.create_default_context(cafile=ca)).get_signing_key_from_jwt(token)
claims = jwt.decode(token, key.key, algorithms=["RS256"], audience="sts.amazonaws.com")
print("verified with", key.key_id, json.dumps(claims, indent=2), sep="\n")
