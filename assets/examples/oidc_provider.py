# The name (kid) of each public key of the issuer, computed from the key itself.
# These are the API server's own keys; STS reads those that the issuer publishes.
import base64
import hashlib

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kubernetes import client, config

config.load_kube_config()
answer = client.OpenidApi().get_service_account_issuer_open_id_keyset(_preload_content=False)
for key in jwt.PyJWKSet.from_json(answer.data.decode()).keys:
    der = key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kid = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    print(kid, "=" if kid == key.key_id else f"is published as {key.key_id}")
