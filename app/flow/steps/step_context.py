"""What the steps pass to later steps. It contains the raw token and the credentials, and is never rendered."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.flow.model import JsonValue
from app.flow.names import DEFAULT_AUDIENCE, annotated_audience
from app.flow.permissions.asked import AskedAction
from app.flow.ports import Credentials
from app.flow.steps.injection import OwnToken
from app.flow.token import Verification


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """Each field is filled by the step named with it; an empty one means that the step did not get so far."""

    asked: tuple[AskedAction, ...] = ()
    """The caller: what the Pod needs, where that is known beforehand."""

    issuer: str = ""
    """`oidc_provider`: the issuer URL that the cluster writes into its tokens."""
    issuer_assumed: bool = False
    """`oidc_provider`: whether that is only the one that the role trusts, since the cluster's could not be read."""
    jwks: JsonValue = None
    """`oidc_provider`: the key set of the public endpoint, the one that STS reads."""
    provider_arns: tuple[str, ...] | None = None
    """`oidc_provider`: all OIDC providers of the account in which we look; None where we may not."""
    account: str = ""
    """`oidc_provider`: the account in which we look, where it is known not to be that of the role."""
    provider_arn: str = ""
    """`oidc_provider`: the ARN of the provider of that issuer."""
    provider: JsonValue = None
    """`oidc_provider`: the provider's `Url` and `ClientIDList`."""
    usual_audience: str = DEFAULT_AUDIENCE
    """`oidc_provider`: the audience that the webhook asks for where none is annotated, as far as a Pod shows it.
    `webhook`: the one that it has asked for in the dry run."""
    audience_unseen: str = ""
    """`oidc_provider`: why the audience may be another one than that, as a check's reason; empty where it is known."""

    service_account: JsonValue = None
    """`service_account`: the ServiceAccount."""
    service_account_unseen: str = ""
    """`service_account`: why we could not see it, as a check's reason; empty where we did, or where it is not there."""
    own_token: OwnToken | None = None
    """`service_account`: the token that the Pod's manifest mounts by itself; None where that is the webhook's work."""
    role_arn: str = ""
    """`service_account`: the value of the annotation, or of the manifest's own variable, valid or not."""
    role_name: str = ""
    """`service_account`: the name of the role that was found."""
    boundary: str = ""
    """`service_account`: the ARN of its permissions boundary; empty where it has none."""
    trust_policy: JsonValue = None
    """`service_account`: the role's trust policy."""

    pod: JsonValue = None
    """`webhook`: the Pod as it is stored."""
    pod_unseen: str = ""
    """`webhook`: why we could not see the Pod, as a check's reason; empty where we did, or where it is not there."""

    token: str = field(default="", repr=False)
    """`token_mount`: the projected token, or the one that stands in for it; a secret."""

    verification: Verification | None = None
    """`token_mount`: the result of verifying the token with the published keys."""

    credentials: Credentials | None = field(default=None, repr=False)
    """`sts_assume`: the temporary credentials, a secret."""
    assumed_role_arn: str = ""
    """`sts_assume`: the identity that STS gave us."""

    @property
    def audience(self) -> str:
        """The audience of the expected token: that of the manifest's own volume, or of the webhook's."""
        return self.own_token.audience if self.own_token else self.webhooks_audience

    @property
    def webhooks_audience(self) -> str:
        """The audience of the token that the webhook will ask for."""
        return annotated_audience(self.service_account, self.usual_audience)
