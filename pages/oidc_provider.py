"""Learn what of a cluster an AWS account trusts, and where that is written down."""

from app.ui.step.page import lesson

lesson("oidc_provider")
