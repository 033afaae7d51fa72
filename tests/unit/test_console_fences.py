"""What kubectl and aws are not asked to do: a table of lines that would lead elsewhere, and of those that do not."""

import pytest

from app.console.command_line import LineRefused, parse
from app.console.plan import plan
from app.console.programs import Program

CONTEXT = "irsa"
PROGRAMS = {
    name: Program(name=name, path=f"/{name}", version="1", reads=(), variables={"KUBECTL_EXTERNAL_DIFF": "/diff -u -N"})
    for name in ("kubectl", "aws")
}

HOSTILE = """
needs_editor    kubectl edit sa my-sa
needs_editor    kubectl -n default edit sa my-sa
needs_editor    kubectl --namespace=default edit sa my-sa
needs_editor    kubectl create -f pod.yaml --edit
needs_editor    kubectl apply edit-last-applied sa/my-sa
opens_port      kubectl proxy
opens_port      kubectl -v=6 proxy --port 0
opens_port      kubectl port-forward pod/x 80
other_program   kubectl plugin list
remote_file     kubectl diff -f https://evil.example/x.yaml
outside         kubectl diff -f /etc/passwd
kustomization   kubectl diff -k .
kustomization   kubectl kustomize https://github.com/x/y
kustomization   kubectl apply -k .
kustomization   kubectl apply -k https://github.com/x/y
kustomization   kubectl apply -khttps://github.com/x/y
kustomization   kubectl apply --kustomize=github.com/x/y
other_server    kubectl get pods --server=https://evil.example
other_server    kubectl get pods --server https://evil.example
other_server    kubectl get pods -s https://evil.example
other_server    kubectl get pods -shttps://evil.example
other_server    kubectl get pods -s=https://evil.example
other_server    kubectl get pods -As https://evil.example
other_server    kubectl get pods -wAshttps://evil.example
other_server    kubectl logs -ps https://evil.example x
other_server    kubectl logs -fs https://evil.example x
other_server    kubectl -s https://evil.example get pods
other_server    kubectl --server https://evil.example get pods
ambiguous       kubectl get pods -o -- --server=https://evil.example
other_server    kubectl get pods --kubeconfig=/root/.kube/config
other_server    kubectl get pods --kubeconfig mine.yaml
other_server    kubectl --kubeconfig mine.yaml get pods
other_server    kubectl get pods --context other
other_server    kubectl get pods --cluster other
other_server    kubectl get pods --user other
other_server    kubectl get pods --certificate-authority=/etc/passwd
other_server    kubectl get pods --certificate_authority=/etc/passwd
other_server    kubectl get pods --client-key=/etc/shadow
other_server    kubectl get pods --client-certificate /etc/passwd
other_server    kubectl get pods --tls-server-name x
other_server    kubectl get pods --insecure-skip-tls-verify
other_file      kubectl get pods --cache-dir=/root
other_file      kubectl get pods --profile=cpu --profile-output=/root/x
other_file      kubectl get pods --log_file=/root/x
other_file      kubectl get pods --kuberc=/root/x
other_file      kubectl cluster-info dump --output-directory=/root
remote_file     kubectl apply -f https://evil.example/x.yaml
remote_file     kubectl apply -fhttp://evil.example/x.yaml
remote_file     kubectl apply -f=https://evil.example/x.yaml
remote_file     kubectl apply --filename https://evil.example/x.yaml
remote_file     kubectl apply -f pod.yaml,https://evil.example/x.yaml
remote_file     kubectl apply -Rf HTTPS://evil.example/x.yaml
outside         kubectl apply -f /etc/passwd
outside         kubectl apply -f ../secret.yaml
outside         kubectl apply -f ./../secret.yaml
outside         kubectl apply -f ~/.kube/config
outside         kubectl apply -f '"x"'
outside         kubectl apply -f '*.yaml'
outside         kubectl apply -f folder/pod.yaml
outside         kubectl apply -f .hidden
outside         kubectl create cm x --from-file=/etc/passwd
outside         kubectl create cm x --from-file=key=/etc/passwd
outside         kubectl create cm x --from-file key=../x
outside         kubectl create cm x --from-file=/
outside         kubectl create cm x --from-env-file=/etc/environment
outside         kubectl create secret tls x --cert=/etc/x --key=k.pem
outside         kubectl create secret tls x --cert=c.pem --key /etc/x
outside         kubectl patch sa x --patch-file=/etc/passwd
outside         kubectl get pods -o go-template-file=/etc/passwd
outside         kubectl get pods -ojsonpath-file=/etc/passwd
outside         kubectl get pods --output=custom-columns-file=/etc/passwd
outside         kubectl get pods -o go-template-file --template=/etc/passwd
outside         kubectl get pods --template=/etc/passwd -o=templatefile
outside         kubectl cp pod-after:/x /root/x
outside         kubectl cp /etc/passwd pod-after:/x
outside         kubectl cp /etc/passwd:x pod-after:/x
outside         kubectl cp ../x pod-after:/x
outside         kubectl debug x --custom=/etc/passwd
writes_settings kubectl config set-cluster x --server=x
writes_settings kubectl config set-credentials x --token=x
writes_settings kubectl config use-context other
ambiguous       kubectl exec x -c -- --server=https://evil.example
ambiguous       kubectl exec -n -- x
options_first   kubectl --unknown get pods
options_first   kubectl -l x edit
other_server    aws s3 ls --endpoint-url http://evil.example
other_server    aws s3 ls --endpoint-url=http://evil.example
other_server    aws --endpoint-url http://evil.example s3 ls
other_server    aws s3 ls --endpoint http://evil.example
other_server    aws s3 ls --en=http://evil.example
other_file      aws s3 ls --ca-bundle /etc/passwd
other_file      aws s3 ls --ca-b=/etc/passwd
no_profiles     aws s3 ls --profile evil
no_profiles     aws s3 ls --prof=evil
needs_terminal  aws --cli-auto-prompt
needs_terminal  aws iam wizard new-role
writes_settings aws configure
writes_settings aws configure set credential_process /bin/sh
writes_settings aws --region x configure set default.credential_process /bin/sh
writes_settings aws configure import --csv file://x
writes_settings aws configure export-credentials
other_file      aws eks update-kubeconfig --name irsa --kubeconfig /root/.kube/config
other_file      aws eks get-token --kubeconfig /root/.kube/config
needs_browser   aws sso login
needs_pager     aws help
needs_pager     aws s3 help
needs_pager     aws s3 ls help
outside         aws iam create-role --assume-role-policy-document file:///etc/passwd
outside         aws iam create-role --assume-role-policy-document=file:///etc/passwd
outside         aws iam create-role --assume-role-policy-document file://../x
outside         aws iam create-role --assume-role-policy-document FILE:///etc/passwd
outside         aws iam create-role --assume-role-policy-document fileb:///etc/shadow
outside         aws iam create-role --cli-input-json file:///etc/passwd
outside         aws iam create-role --tags Key=a,Value@=file:///etc/passwd
outside         aws s3api put-object --bucket x --key y --body /etc/passwd
outside         aws s3api put-object --bucket x --key y --bod /etc/passwd
outside         aws s3api put-object --bucket x --key y --body=../x
outside         aws s3api get-object --bucket x --key y /root/x
outside         aws s3 cp /etc/passwd s3://x/y
outside         aws s3 cp s3://x/y ../z
outside         aws s3 cp --quiet /etc/passwd s3://x/y
outside         aws s3 sync / s3://x
outside         aws s3 mv ~/x s3://x
remote_file     aws iam create-role --assume-role-policy-document https://evil.example/x
remote_file     aws iam create-role --assume-role-policy-document=http://evil.example/x
options_first   aws --unknown s3 ls
options_first   aws --cli-binary-format raw configure set x y
outside         kubectl get sa > /etc/cron.d/x
outside         kubectl get sa > ../x
outside         cat /etc/passwd
outside         kubectl get sa | cat ../x
outside         jq . /etc/passwd
filter_option   kubectl get sa | grep -f x
filter_option   kubectl get sa | jq --slurpfile a b .
filter_option   kubectl get sa | jq -L /etc .
filter_option   kubectl get sa | sort -o x
filter_option   kubectl get sa | head -n x
filter_needs    kubectl get sa | grep
filter_needs    kubectl get sa | cut
prompt          $ kubectl get pods
unknown_program bash
unknown_program awk
close_to kubctl get pods
close_to aws2 s3 ls
full_width ｋubectl get pods
full_width ａｗｓ s3 ls
unknown_program /usr/bin/kubectl get pods
close_to ./kubectl get pods
unknown_program kubectl get sa | sh
unknown_program kubectl get sa | tee x
own_alone       ls | cat
outside         rm ../x
outside         rm /etc/passwd
"""

HARMLESS = """
kubectl
kubectl --help
kubectl get pods
kubectl -n kube-system get pods
kubectl -nkube-system get pods -A -owide
kubectl --namespace kube-system get pods
kubectl get pod edit
kubectl get deploy proxy -o yaml
kubectl logs -f pod-after
kubectl logs -fp pod-after --tail=1
kubectl get pods -w
kubectl get pods --context irsa
kubectl get pods --as system:serviceaccount:default:my-sa
kubectl auth can-i list pods --as=x --as-group y
kubectl apply -f pod.yaml
kubectl apply -f ./pod.yaml -f other.yaml,third.yaml
kubectl apply -f -
kubectl delete -f .
kubectl annotate sa my-sa eks.amazonaws.com/role-arn=arn:aws:iam::1:role/x --overwrite
kubectl patch sa my-sa -p '{"metadata":{"annotations":{"s":"x"}}}'
kubectl exec pod-after -- cat /var/run/secrets/token --server=x
kubectl exec -it pod-after -- sh -c 'echo $AWS_ROLE_ARN; edit'
kubectl run x --image=amazon/aws-cli --rm -i -- s3 ls --endpoint-url http://x
kubectl create token my-sa --audience=sts.amazonaws.com --duration 1h
kubectl create cm x --from-file=key=pod.yaml --from-literal=a=/b
kubectl get --raw /openid/v1/jwks
kubectl get sa -o jsonpath='{range .items[*]}{..name}{"\\n"}{end}'
kubectl get sa -o go-template-file=t.txt
kubectl config view
kubectl config current-context
kubectl cp pod-after:/etc/x x
kubectl cp x default/pod-after:/etc/x -c app
kubectl diff -f pod.yaml
kubectl gte pods
kubectl get pods -- --server=x
aws --version
aws s3 ls
aws s3 ls s3://bucket/key
aws --region us-east-1 --output json sts get-caller-identity
aws sts get-caller-identity --query Arn --output text
aws iam create-role --role-name x --assume-role-policy-document file://trust.json
aws iam create-role --role-name x --path /team/ --assume-role-policy-document '{"Version":"2012-10-17"}'
aws iam create-open-id-connect-provider --url https://oidc.eks.example/id/X --client-id-list sts.amazonaws.com
aws iam list-roles --path-prefix /team/
aws sts assume-role-with-web-identity --role-arn arn:aws:iam::1:role/x --role-session-name s --web-identity-token file://t
aws s3 cp pod.yaml s3://x/y
aws s3 cp s3://x/y -
aws s3api put-object --bucket x --key /y --body pod.yaml
aws configure list
aws eks update-kubeconfig --name irsa
aws --region us-east-1 eks update-kubeconfig --name irsa --alias mine
kubectl get pods | grep -iv x | head -3 | wc -l
kubectl get pods -o json | jq -r --arg n x '.items[] | select(.metadata.name == $n)'
jq . trust.json
cat pod.yaml | kubectl apply -f -
kubectl create sa x --dry-run=client -o yaml > sa.yaml
ls
rm pod.yaml
"""


def planned(text):
    (line,) = parse(text)
    return plan(line, PROGRAMS, CONTEXT)


@pytest.mark.parametrize("row", HOSTILE.strip().splitlines())
def test_what_leads_elsewhere_is_refused_with_its_reason(row):
    code, text = row.split(maxsplit=1)
    with pytest.raises(LineRefused) as refused:
        planned(text)
    assert refused.value.code == code


@pytest.mark.parametrize("text", HARMLESS.strip().splitlines())
def test_what_a_learner_types_is_let_through(text):
    planned(text)


def test_a_program_that_is_not_installed_says_so():
    (line,) = parse("aws s3 ls")
    with pytest.raises(LineRefused) as refused:
        plan(line, {}, CONTEXT)
    assert refused.value.code == "missing_aws"
    (line,) = parse("kubectl -n default diff -f pod.yaml")
    with pytest.raises(LineRefused, match="missing_diff"):
        plan(line, {"kubectl": Program(name="kubectl", path="/kubectl", version="1", reads=())}, CONTEXT)


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("aws --region x eks update-kubeconfig --name y", True),
        ("aws eks list-clusters", False),
        ("kubectl get eks", False),
    ],
)
def test_only_update_kubeconfig_writes_a_context(text, writes):
    assert planned(text).writes_kubeconfig is writes


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("kubectl exec -i x -- cat", True),
        ("kubectl apply -f -", True),
        ("cat", True),
        ("kubectl get pods", False),
        ("cat x", False),
        ("jq -n 1", False),
        ("kubectl apply -f - <<E\nE", False),
    ],
)
def test_only_what_reads_its_input_gets_one(text, reads):
    assert planned(text).reads_input is reads


def test_filters_that_follow_each_other_share_a_process():
    made = planned("kubectl get sa -o yaml | grep -v uid | head | kubectl apply -f - | wc -l")
    assert [part.program.name if part.program else len(part.stages) for part in made.parts] == [
        "kubectl",
        2,
        "kubectl",
        1,
    ]
