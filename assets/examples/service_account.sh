# The role that the ServiceAccount points to, and the subjects that the role's trust policy accepts.
ROLE=$(kubectl get serviceaccount my-sa -n default -o jsonpath='{.metadata.annotations.eks\.amazonaws\.com/role-arn}')
echo "$ROLE"
aws iam get-role --role-name "${ROLE##*/}" --query 'Role.AssumeRolePolicyDocument.Statement[].Condition' --output json
