"""The settings of the web terminal; part of `terminal.settings.Settings`."""

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, TypeAdapter
from pydantic_settings import BaseSettings


def http_address(value: str) -> str:
    """An http(s) address without its last slash. Raises ValueError."""
    TypeAdapter(HttpUrl).validate_python(value)
    return value.rstrip("/")


class WebSettings(BaseSettings):
    """What `rhyme serve` goes by."""

    web_address: Annotated[
        Annotated[str, AfterValidator(http_address)] | None,
        Field(
            description="Address by which others reach `rhyme serve`, such as `https://rhyme.example.com`, where a proxy stands "
            "before it. Set, everyone has to sign in. None: the address it is started with."
        ),
    ] = None
    web_proxies: Annotated[
        str | None,
        Field(
            description="Addresses of the proxies before `rhyme serve`, with commas between; they are believed about who asks. "
            "None: there are none."
        ),
    ] = None
    web_requests_per_minute: Annotated[
        int,
        Field(ge=1, description="Most requests a minute of one user, or of one address where no one has signed in."),
    ] = 6_000
    web_questions_per_minute: Annotated[
        int, Field(ge=1, description="Most questions to the chat a minute of one user or address.")
    ] = 30
    web_session_hours: Annotated[
        float, Field(gt=0, le=24 * 90, description="How long someone stays signed in, hours.")
    ] = 12
    oidc_issuer: Annotated[
        Annotated[str, AfterValidator(http_address)] | None,
        Field(
            description="Address of the OpenID Connect provider that people sign in with (docs/web.md). None: names and passwords "
            "of `rhyme users`."
        ),
    ] = None
    oidc_client_id: Annotated[
        str | None, Field(description="What the provider knows Rhyme as. None: OpenID Connect cannot be used.")
    ] = None
    oidc_client_secret: Annotated[
        SecretStr | None, Field(description="Rhyme's secret there. None: a public client, by PKCE alone.")
    ] = None
    oidc_write_group: Annotated[
        str | None,
        Field(
            description="Who has this word in the claim `groups` may change things; all others read. None: everyone reads, until "
            "`rhyme users role` says otherwise."
        ),
    ] = None
    traces_address: Annotated[
        Annotated[str, AfterValidator(http_address)] | None,
        Field(
            description="Where OpenTelemetry traces of `rhyme serve` go, by OTLP over gRPC, such as `http://127.0.0.1:4317`. "
            "None: none are made."
        ),
    ] = None
