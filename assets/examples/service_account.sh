# The role that the ServiceAccount names, and whom that role's trust policy names.
ROLE=$(kubectl get serviceaccount my-sa -n default -o jsonpath='{.metadata.annotations.eks\.amazonaws\.com/role-arn}')
echo "$ROLE"
aws iam get-role --role-name "${ROLE##*/}" --query 'Role.AssumeRolePolicyDocument.Statement[].Condition' --output json
