"""Finds the error messages of AWS's products in a program's log: the last one, without what the program put around it.

Sources: botocore's exceptions (`botocore/exceptions.py`) and the AWS CLI's `aws: [ERROR]: `; the errors of the AWS SDKs
for Go and Java (1 and 2), JavaScript 3, Ruby, .NET, PHP and Rust, and of Hadoop's S3A, as users quote them. A message
of AWS itself, such as who is not authorized to do what, is the same in all of them. Programs with a client of their
own: Fluent Bit (`src/aws/flb_aws_credentials_sts.c`, `flb_signv4.c`), nginx-s3-gateway (`awscredentials.js`), DuckDB
(`duckdb-aws`, `duckdb-httpfs`), Vector, ECR's registry as Kaniko quotes it, and minio-go, which prints S3's bare
message (Thanos, Argo Workflows, Flux). Also OpenSearch's refusals, and the SDK's errors as Terraform wraps them.
`tests/unit/test_logs_of_sdks.py` says where users quote them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from app.flow.partitions import ENDPOINT_SUFFIXES

OF_AWS = f"(?:{'|'.join(map(re.escape, ENDPOINT_SUFFIXES))})"
_SENTENCE = re.compile(
    r"aws: \[ERROR\]: .+"
    r"|An error occurred \(\w+\) when calling the \w+ operation.*"
    r"|Error when retrieving credentials from .+"
    r"|Parameter validation failed:.*"
    r"|Partial credentials found in \S+, missing: .+"
    r"|Unable to locate credentials.*"
    r"|Unable to load (?:AWS )?credentials from any (?:of the )?providers? in the chain.*"
    r"|(?:CredentialsProviderError: )?Could not load credentials from any providers.*"
    r"|(?:CredentialsError: )?Missing credentials in config.*"
    r"|Unsupported credential_source: .+|Profile \S+ has a role_arn, and source_profile, but .+"
    r"|The source_profile \".+"
    r"|SharedCredsLoad: .+|failed to get shared config profile, .+"
    r"|Resolved credential object is not valid.*|No signing credentials available.*"
    r"|Error retrieving credentials from the instance profile metadata serv.*"
    r"|Unable to get IAM security credentials from EC2 Instance Metadata Service.*"
    r"|unable to sign request without credentials set.*"
    r"|unable to construct route53 provider: empty credentials; .+"
    r"|failed to refresh cached credentials, static credentials are empty|(?<=Error: )Credential is missing$"
    r"|Failed to resolve AWS credentials\. The credential providers used .+|No handler was ready to authenticate\..*"
    r"|User: anonymous is not authorized to perform: .+"
    r"|ClassNotFoundException: \S* ?[\w.]*\bWebIdentityToken\w*CredentialsProvider\b.*"
    r"|no providers in chain provided credentials.*|SigningStageError \{ kind: MissingCredentials \}"
    r"|You must specify a region\..*"
    r"|Unable to (?:load (?:a )?region from any of the providers in the|find a region via the region provider) chain.*"
    r"|No region was provided\. Configure the `:region` option.*"
    r"|A \"region\" configuration value is required for the .+|No RegionEndpoint or ServiceURL configured.*"
    r"|Invalid endpoint: .+"
    r"|Provided region_name '.*' doesn't match a supported format\."
    r"|(?:Connect|Read) timeout on endpoint URL: .+"
    r"|Could not connect to the endpoint URL: .+"
    r"|Connection was closed before we received a valid response from endpoint URL: .+"
    r"|Inaccessible host: .+"
    r"|Failed to connect to proxy URL: .+"
    r"|SSL validation failed for https://.+"
    r"|The provided profile or the current environment is configured to assume role with web identity.*"
    r"|Credentials were refreshed, but the refreshed credentials are still expired\."
    r"|WebIdentityErr: .+"
    r"|NoCredentialProviders: .+"
    r"|MissingRegion: .+"
    r"|operation error [\w ]+: \w+, .+"
    r"|no EC2 IMDS role found,(?: |\\n).+"
    r"|To use (?:assume role profiles|web identity tokens),? the .* module must be on the class path\."
    r"|(?:Assembly )?AWSSDK\.SecurityToken could not be found or loaded\..*"
    r"|Role Arn '.*' needs to be assumed with web identity, but no role assumption callback was provided\."
    r"|NoA(?:uthWithAWS|wsCredentials)Exception: .+"
    r"|EC2RoleRequestError: .+"
    r"|(?<!caused by: )EC2Metadata\w*Error: .+"
    r"|\[Errno \d+\] .+: '/var/run/secrets/.+"
    r"|\[Errno (?:13|30)\] [\w -]{1,40}: '[^' ]*/\.aws\b[^']*'"
    r"|open /var/run/secrets/\S+: .+"
    r"|E(?:ACCES|NOENT): [\w ,]+ '/var/run/secrets/.+"
    r"|java\.nio\.file\.\w+: /var/run/secrets/\S+"
    r"|(?:can't open )?'?/var/run/secrets/\S+: (?:Permission denied|No such file or directory)"
    r"|(?:Permission denied|No such file or directory) @ rb_sysopen - /var/run/secrets/\S+"
    r"|file_get_contents\(/var/run/secrets/\S+\): .+"
    r"|(?:Access to the path|Could not find a part of the path|Could not find file) '/var/run/secrets/\S+'.*"
    r"|The webIdentityTokenFile must be an absolute path\."
    r"|The config profile \(.*\) could not be found"
    r"|Region is missing|(?<=ConfigError: )Missing region in config"
    r"|Unable to execute HTTP request: (?:Connect to|PKIX path building failed) ?.+"
    rf"|Unable to execute HTTP request: \S+\.{OF_AWS}$"
    r"|Unable to execute HTTP request: \S+: (?:Name or service not known|Temporary failure in name resolution).*"
    r"|Received an UnknownHostException when attempting to interact with a service\..*"
    r"|(?<!caused by: )RequestError: send request failed.*"
    rf"|Unable to execute HTTP request: connection timed out(?: after \d+ ms)?: \S+\.{OF_AWS}\b.*"
    rf"|getaddrinfo E\w+ \S+\.{OF_AWS}\S*"
    rf"|Failed to open TCP connection to \S+\.{OF_AWS}:\d+ \(.+"
    rf"|cURL error \d+: .*\.{OF_AWS}\b.*"
    r"|(?:Name or service not known|Resource temporarily unavailable|Connection (?:refused|timed out)) "
    rf"\(\S+\.{OF_AWS}:\d+\)"
    r"|(?:aws\.smithy\.\S+|STS failed to assume role from web identity): (?:\S+: )?"
    r"Unexpected response code for CONNECT: \d+"
    r"|Error assuming role from web identity credentials.*"
    r"|(?:InvalidIdentityToken|ExpiredToken)(?:Exception)?: .+"
    r"|No OpenIDConnect provider found in your account for .+"
    r"|OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    r"|Couldn't retrieve verification key from your identity provider.*"
    r"|The web identity token provided could not be validated.*"
    r"|Incorrect token audience|Missing a required claim: \w+|Request ARN is invalid"
    r"|AuthFailure\.ServiceLinkedRoleCreationNotPermitted: .+"
    r"|Token expired: current date/time \d+ must be before .+|Token too old: \d+"
    r"|The requested DurationSeconds exceeds the .+"
    r"|(?:\b\w+: )?The security token included in the request is (?:invalid|expired)\b.*"
    r"|(?:\b\w+: )?The provided token is malformed or otherwise invalid\b.*"
    r"|(?:\b\w+: )?AWS was not able to validate the provided access credentials\b.*"
    r"|no permissions for \[[^]]+\] and User \[name=arn:aws[\w-]*:.+"
    r"|(?<!\d)\d+ validation errors? detected: Value .* at '(?:roleArn|roleSessionName|webIdentityToken)' "
    r"failed to satisfy .+"
    r"|AWS Error [A-Z_]+(?: \(HTTP status \d+\))? during \w+ operation: .+"
    r"|\bAccessDenied: Access Denied\b|(?<=<Message>)Access Denied(?=</Message>)"
    r"|(?:\bAccessDenied: )?Access to the resource \S+ is denied\."
    rf"|Error performing \w+ https://(?:sts\.\S*{OF_AWS}\S* .+|\S*{OF_AWS}\S* .*\b403 Forbidden)"
    r"|Error performing \w+ http://169\.254\.169\.254/latest/api/token .+"
    r"|STS API responded with \w+|STS assume role request failed|Provider returned no credentials, service=\S+"
    r"|Could not assume role using web identity: .+"
    r"|HTTP \w+ error (?:on|reading) '[^' ]+'[^(]* \(HTTP 403\b[^)]*\)|Secret Validation Failure: .+"
    r"|\* (?:No credentials are provided|Credentials are provided, but they did not work)\."
    r"|error=Invalid credentials(?= component_kind=\"sink\" component_type=\"?aws_)"
    r"|Couldn't find AWS credentials in environment, .+"
    r"|The (?:AWS )?Access Key Id you provided does not exist in our records\."
    r"|\d{12}\.dkr\.ecr\.\S+ un\w+ status code 401\b.*"
    r"|(?:\b\w+: )?(?:User: arn:aws[\w-]*:\S+ is not|Not) authorized to perform:? [\w-]+:\w+.*"
)
"""Matches a product's message in a line, without what the program put before it."""
_BARE = re.compile(r"(?:(?<=: )|(?<=[\"=]))Access Denied\.?(?=$|\\?[\"')]|\\n)")
"""Matches the whole message of S3, with which minio-go says nothing else. Any other program may have such words."""
_OF_STORE = re.compile(
    r"(?i)\bs3\b|bucket|object.?stor|artifact|(?:put|get|list) (?:file|director)|save outputs|sanity check"
)
"""Finds what shows, in the same line, that a store of objects said so."""
_WHOLE_LINE = re.compile(
    r"\(Service: [\w ]+(?:, Status Code: \d+, Request ID|; Status Code: \d+; Error Code): |\(Aws::\w+::Errors::\w+\)"
)
"""Matches how the SDKs for Java and Ruby end a message: the whole line is the SDK's."""
_OF_GO_1 = re.compile(r"\b(?:[A-Z]\w{0,40}[a-z][A-Z]|Forbidden|Throttling)[\w.]{0,40}: ")
_STATUS_OF_GO_1 = re.compile(r"status code: \d+(?=, request id:)")
"""Matches how an error of a service begins in the SDK for Go, version 1; the rest mostly follows in the next line."""
_WEB_IDENTITY = re.compile(r"\bWebIdentityToken\w*CredentialsProvider(?:\(\))?: (?:(?!, [\w.]*Provider).)+")
"""Finds the reason of the provider that takes the token, where the SDKs for Java list all their providers."""
_END = re.compile(r'(?<!\\)"(?=[,}\]]|\s+"?[\w.]+"?=)|</Message>')
"""Matches the end of the value that has the message, where a log writes its lines as JSON or as names and values; or
the end of the message in an answer that a program prints as AWS sent it."""
_WRAPPED, _GOES_ON = "no EC2 IMDS role found,", "operation error ec2imds: "
"""How a line of Terraform ends, and how the next one begins, where it wraps a message of the SDK for Go, version 2."""
_LINE_LIMIT = 4096
"""How many characters of a line are looked at; a message that has more goes on in no further line."""
_CONTINUED = "Parameter validation failed:"
"""The beginning of a message that goes on in the next line."""
_CAUSED_BY, _CAUSES = "caused by: ", 20
"""The beginning of a line in which a message of the SDK for Go, version 1, goes on; and the most such lines."""
_BESIDE = re.compile(
    r"\s*(?:status code: \d+|</?(?:Error|ErrorResponse|RequestId)\b|at .*[A-Za-z]:\d+(?::\d+)?\)?$|\.\.\. \d+ more$)"
    r"|\s+(?![\[(]?(?:\d|TRACE|DEBUG|INFO|NOTICE|WARN|ERROR))\S"
    r"|.*(?:could not sign request|No cached credentials are available|failed to flush chunk|\* See https://duckdb)"
    r"|(?:Profile|Credential Chain|Role-arn|External-id|Web Identity Token File|Session Name): '"
    r"|.*auth request unexpected status: 500"
)
"""Matches a line that belongs to the message before it: the HTTP status, the rest of an answer, or a place in the
program; an indented line that begins neither with a time nor with a level, as a logger's own lines do; or what Fluent
Bit, DuckDB and nginx-s3-gateway print after it."""
_TRYING = re.compile(
    r"(?i)\b(?:re-?tr|tr(?:y|ies)\b|attempt|wait|back.?off|re-?queu|fail|error|timed? ?out|unable|could ?n.t)"
)
"""Finds what a program says between two attempts that fail."""
_OWN_VALUES = re.compile(r"(?<!\S)[^\s\d]*+\d\S*")
"""Matches what differs when a program prints the same message again, such as a time or the id of a request."""


def last_words(log: str) -> tuple[str, str]:
    """The last message of a product in a log, and what the program printed after it. Both empty where there is no
    message."""
    lines = _lines(log)
    said, _, end = next(_sentences(lines), ("", 0, len(lines)))
    return said, "\n".join(map(str.strip, lines[end:])).strip()


def comes_again(log: str) -> bool:
    """Whether the program prints its last message again and again: it has printed no more lines since the last time
    than between that time and the one before."""
    between, since = _around(log)
    return 0 < len(between) and len(since) <= len(between)


def only_tries(log: str) -> bool:
    """Whether all lines between the last message and the one before, and after it, only say that something failed or is
    tried again."""
    return all(map(_TRYING.search, itertools.chain(*_around(log))))


def _around(log: str) -> tuple[list[str], list[str]]:
    """The lines between the last message and the one before, if that is the same, and the lines since."""
    lines = _lines(log)
    found = _sentences(lines)
    said, place, end = next(found, ("", 0, 0))
    wanted, since = _OWN_VALUES.sub("", said), list(filter(None, lines[end:]))
    for before, earlier, until in found:
        if _OWN_VALUES.sub("", before) == wanted:
            if between := list(filter(None, lines[until:place])):
                return between, since
            place = earlier
    return [], since


def _lines(log: str) -> list[str]:
    return [line[:_LINE_LIMIT].rstrip() for line in log.splitlines()]


def _sentences(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """The messages in a log, the last one first: each with its line, and the first line that is not part of it."""
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place].strip()
        whole = line if _WHOLE_LINE.search(line) else ""
        said, end = _last_in(line) or _END.split(whole or _of_go_1(lines, place))[0], place + 1
        if not said:
            continue
        if said.startswith(_GOES_ON) and lines[place - 1 : place] and lines[place - 1].endswith(_WRAPPED):
            said = f"{_WRAPPED} {said}"
        for more in map(str.strip, lines[end : end + _CAUSES]):
            if len(said) > _LINE_LIMIT or not (more.startswith(_CAUSED_BY) or _goes_on(said)):
                break
            said, end = f"{said}\n{more}", end + 1
        while end < len(lines) and _BESIDE.match(lines[end]):
            end += 1
        yield said, place, end


def _goes_on(said: str) -> bool:
    return _CONTINUED in said and "\n" not in said


def web_identity_reason(said: str) -> str:
    """Why an SDK for Java could not use the token, where its message lists all providers; else empty."""
    found = _WEB_IDENTITY.search(said)
    return found[0].rstrip("]") if found else ""


def _last_in(line: str) -> str:
    """The last message in a line; empty where it has none. In JSON an error is followed by the error that caused it."""
    said = ""
    while found := _SENTENCE.search(line):
        said = _END.split(found[0])[0]
        line = line[found.start() + max(len(said), 1) :]
    if not said and _OF_STORE.search(line) and (found := _BARE.search(line)):
        return found[0]
    return said


def _of_go_1(lines: list[str], place: int) -> str:
    """A service's error message, with the HTTP status after it; empty where no such message follows."""
    said, after = (line.strip() for line in (lines[place], *lines[place + 1 : place + 2], "")[:2])
    within, beside = _STATUS_OF_GO_1.search(said), _STATUS_OF_GO_1.match(after)
    code = _OF_GO_1.search(said) if within or beside else None
    if code is None:
        return ""
    return said[code.start() :] + (f"\n{beside[0]}" if beside and not within else "")
