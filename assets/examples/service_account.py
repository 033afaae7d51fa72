# What the ServiceAccount says (left) against what the role's trust policy wants of `sub` (right).
import boto3
from kubernetes import client, config

NAMESPACE, NAME = "default", "my-sa"
config.load_kube_config()
account = client.CoreV1Api().read_namespaced_service_account(NAME, NAMESPACE)
role_arn = account.metadata.annotations["eks.amazonaws.com/role-arn"]
role = boto3.client("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
print(role_arn, "=" if role_arn == role["Arn"] else "≠", role["Arn"])
for statement in role["AssumeRolePolicyDocument"]["Statement"]:
    for operator, wanted in statement["Condition"].items():
        for key in filter(lambda key: key.endswith(":sub"), wanted):
            print(f"system:serviceaccount:{NAMESPACE}:{NAME}", operator, wanted[key])
