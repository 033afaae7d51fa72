# The thumbprint: SHA-1 of the last certificate that the issuer's host presents.
# In the simulation that host answers at the API server's address; for a real cluster write AT="$HOST:443".
HOST=$(kubectl get --raw /.well-known/openid-configuration | grep -o '"issuer": *"https://[^"/]*' | sed 's|.*/||')
AT=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}' | cut -d / -f 3)
openssl s_client -connect "$AT" -servername "$HOST" -showcerts </dev/null 2>/dev/null |
  awk '/BEGIN CERT/ {one = ""} {one = one $0 "\n"} /END CERT/ {last = one} END {printf "%s", last}' |
  openssl x509 -noout -fingerprint -sha1 | cut -d = -f 2 | tr -d : | tr A-F a-f
