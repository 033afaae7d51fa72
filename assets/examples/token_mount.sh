# A Pod that prints the middle part of its own token, decoded, and is gone. Nothing is verified: anyone can read it.
# (The simulation does not let anyone attach to a container: kubectl says so and reads the log.)
FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token
TOKEN=$(kubectl run probe -n default --image=busybox --restart=Never --rm -i --quiet \
  --overrides='{"spec": {"serviceAccountName": "my-sa"}}' -- cat $FILE)
PART=$(echo "$TOKEN" | cut -d . -f 2 | tr '_-' '/+')
echo "$PART==" | head -c $(( (${#PART} + 3) / 4 * 4 )) | base64 -d
