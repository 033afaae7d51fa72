# AssumeRoleWithWebIdentity with a token of the ServiceAccount. Nothing signs this request: no AWS keys are used.
# The token comes from the TokenRequest API, which the kubelet calls as well. This token is bound to no Pod.
import boto3
from botocore import UNSIGNED
from botocore.config import Config
from kubernetes import client, config

config.load_kube_config()
core = client.CoreV1Api()
role = core.read_namespaced_service_account("my-sa", "default").metadata.annotations["eks.amazonaws.com/role-arn"]
wish = {"spec": {"audiences": ["sts.amazonaws.com"]}}
token = core.create_namespaced_service_account_token("my-sa", "default", wish).status.token
sts = boto3.client("sts", config=Config(signature_version=UNSIGNED))
answer = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="irsa-explorer", WebIdentityToken=token)
print(answer["SubjectFromWebIdentityToken"], "→", answer["AssumedRoleUser"]["Arn"])
