# First the exchange at STS; then only what came out of it: who are we, and which buckets are there?
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
keys = answer["Credentials"]
pod = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
print(pod.client("sts").get_caller_identity()["Arn"])
print(*(bucket["Name"] for bucket in pod.client("s3").list_buckets()["Buckets"]), sep="\n")
