# The key that verifies a token: the kid in the token's header, looked up among the keys that the issuer publishes.
# In the simulation the issuer answers at the API server's address; for a real cluster: at, ca = claims["iss"], None
import ssl
from urllib.parse import urlsplit

import jwt
from kubernetes import client, config

config.load_kube_config()
server = client.Configuration.get_default_copy()
wish = {"spec": {"audiences": ["sts.amazonaws.com"]}}
token = client.CoreV1Api().create_namespaced_service_account_token("my-sa", "default", wish).status.token
found = jwt.decode_complete(token, options={"verify_signature": False})
header, claims = found["header"], found["payload"]
at, ca = urlsplit(server.host)._replace(path=urlsplit(claims["iss"]).path).geturl(), server.ssl_ca_cert
for key in jwt.PyJWKClient(f"{at}/keys", ssl_context=ssl.create_default_context(cafile=ca)).get_signing_keys():
    print(key.key_id, "is the key of this token" if key.key_id == header["kid"] else "")
