# AssumeRoleWithWebIdentity with curl alone: no signature, no AWS keys. The token goes through a pipe, and of the
# response only the ARN is shown, since the rest are secrets. The kubelet calls the same TokenRequest API.
ROLE=$(kubectl get serviceaccount my-sa -n default -o jsonpath='{.metadata.annotations.eks\.amazonaws\.com/role-arn}')
kubectl create token my-sa -n default --audience=sts.amazonaws.com | tr -d '\n' |
  curl --silent "${AWS_ENDPOINT_URL:-https://sts.$AWS_REGION.amazonaws.com}/" \
    --data Action=AssumeRoleWithWebIdentity --data Version=2011-06-15 --data RoleSessionName=irsa-explorer \
    --data-urlencode "RoleArn=$ROLE" --data-urlencode WebIdentityToken@- |
  grep -oE '<(Arn|Code|Message)>[^<]*'
