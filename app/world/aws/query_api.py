"""The query protocol that IAM and STS speak: form fields in, XML out."""

from __future__ import annotations

import uuid
from functools import partial

from starlette.responses import Response

from app.flow.model import JsonValue
from app.world.aws import iam, protocols, xml
from app.world.aws.authentication import Caller, authenticate, invalid_token_id
from app.world.aws.authorization import authorize, authorize_to_pass
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, not_simulated, validation_error
from app.world.aws.iam.actions import find_action
from app.world.aws.iam.providers import with_thumbprint
from app.world.aws.iam.resources import condition_keys, lacks_user, resource_of
from app.world.aws.iam.simulation import simulate_in_turns
from app.world.aws.incoming import Incoming, fields
from app.world.aws.parameters import Parameters
from app.world.aws.protocols import Protocol
from app.world.aws.sigv4 import Signature
from app.world.aws.sts import actions as sts_actions
from app.world.aws.sts.web_identity import assume_role_with_web_identity

VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}
NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
WEB_IDENTITY = "AssumeRoleWithWebIdentity"
_SAML = "AssumeRoleWithSAML"
"""STS's other action that takes no signature."""


def read_parameters(request: Incoming) -> Parameters:
    """The fields of the query string and of a form; of several by one name the first counts.

    Raises `MalformedQueryString`.
    """
    pairs = list(request.query)
    if request.method == "POST":
        try:
            pairs += fields(request.body)
        except ValueError as error:
            raise AwsError(404, "MalformedQueryString", "The query string contains a syntax error.") from error
    return dict(reversed(pairs))


async def respond(
    directory: Directory, service: str, request: Incoming, parameters: Parameters, signature: Signature | None
) -> Response:
    """Answers one call of IAM or STS. Raises `AwsError`."""
    action = parameters.get("Action", "")
    if not action:
        raise AwsError(400, "MissingAction", "The request is missing an action or a required parameter.")
    version = parameters.get("Version", "NO_VERSION_SPECIFIED")
    if version != VERSIONS[service]:
        raise AwsError(400, "InvalidAction", f"Could not find operation {action} for version {version}")
    if service == "sts" and action == WEB_IDENTITY:
        region = signature.region if signature else None
        answer = await assume_role_with_web_identity(
            directory, parameters, region, user_agent=request.header("user-agent") or ""
        )
        return _answer(service, action, answer)
    if service == "sts" and action == _SAML:
        raise not_simulated(service, action)
    if signature is None:
        raise AwsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    caller = authenticate(directory, request, signature)
    if service == "sts":
        return _answer(service, action, sts_actions.call(caller, action, parameters))
    return _answer(service, action, await _iam(caller, action, parameters))


async def _iam(caller: Caller, action: str, parameters: Parameters) -> JsonValue:
    find_action(action)
    if caller.key.session_token and not caller.key.role_name:
        # GetSessionToken gives a user's session, which without MFA may call no action of IAM (API_GetSessionToken).
        raise invalid_token_id()
    arn, named = resource_of(caller, action, parameters)
    authorize(caller, f"iam:{action}", arn, named=named, keys=condition_keys(caller.account, parameters))
    if action == "AddRoleToInstanceProfile" and (role := caller.account.roles.get(parameters.get("RoleName", ""))):
        authorize_to_pass(caller, role.arn, "ec2.amazonaws.com")
    if lacks_user(caller, action, parameters):
        raise validation_error("Must specify userName when calling with non-User credentials")
    if action == "CreateOpenIDConnectProvider":
        parameters = await with_thumbprint(caller.account, parameters)
    if action == "SimulatePrincipalPolicy":
        return await simulate_in_turns(parameters, partial(iam.call, caller.account, action))
    return iam.call(caller.account, action, parameters)


def _answer(service: str, action: str, result: JsonValue) -> Response:
    request_id = str(uuid.uuid4())
    children = [
        xml.element(f"{action}Result", result),
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>",
    ]
    body = xml.document(f"{action}Response", NAMESPACES[service], children)
    return Response(body, media_type="text/xml", headers={"x-amzn-RequestId": request_id})


def refusal(service: str, error: AwsError) -> Response:
    """An error in the shape of IAM and STS."""
    return protocols.refusal(Protocol.XML, error, namespace=NAMESPACES[service])
