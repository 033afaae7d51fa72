# The AWS CLI does here what the SDK does in the Pod: it finds a role and a token file, and goes to STS on its own.
# Your own keys are removed from its environment first. The token's file is removed at the end.
# The session gets a new name each time: the CLI keeps sessions by name in ~/.aws/cli/cache and would take an old one.
FILE=$(mktemp)
SESSION=irsa-explorer-$(date +%s)
kubectl create token my-sa -n default --audience=sts.amazonaws.com > "$FILE"
ROLE=$(kubectl get serviceaccount my-sa -n default -o jsonpath='{.metadata.annotations.eks\.amazonaws\.com/role-arn}')
as_pod() {
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE AWS_ROLE_ARN="$ROLE" \
    AWS_WEB_IDENTITY_TOKEN_FILE="$FILE" AWS_ROLE_SESSION_NAME="$SESSION" aws "$@"
}
as_pod sts get-caller-identity --query Arn --output text
as_pod s3api list-buckets --query 'Buckets[].Name' --output text
rm "$FILE"
