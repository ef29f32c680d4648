"""The keys of a provider: from a real one over HTTP, and never from anywhere else."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import oidc_provider_mock
import pytest

from services.kit.access import tokens
from services.kit.access.signing_keys import IdentityProvider, ProviderAnswer
from services.kit.access.tokens import TokenRefused
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings

ISSUER = "https://id.bank.example"
CONFIGURATION = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    user = oidc_provider_mock.User(sub="00u1", claims={"groups": ["loans"]})
    with oidc_provider_mock.run_server_in_thread(
        user_claims=[user], access_token_max_age=timedelta(minutes=5)
    ) as server:
        yield f"http://localhost:{server.server_port}"


def id_token(provider: str) -> str:
    """Logs 00u1 in as a client would, whose name is our audience."""
    redirect = "https://desk.bank.example/callback"
    with httpx2.Client(base_url=provider) as client:
        query = {
            "client_id": tokens.AUDIENCE,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": "openid",
        }
        sent_back = client.post("/oauth2/authorize", params=query, data={"sub": "00u1"})
        code = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]
        answer = client.post(
            "/oauth2/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect},
            auth=(tokens.AUDIENCE, "secret"),
        )
    text: str = answer.json()["id_token"]
    return text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_keys_of_a_real_provider_check_its_tokens(provider: str) -> None:
    """It signs ID tokens: the signature is good, and a token for the desk is none for the API."""
    now, text = SystemClock().now(), id_token(provider)
    [key] = tokens.signing_keys(await IdentityProvider(provider).keys()).values()
    with pytest.raises(TokenRefused, match="ID token"):
        tokens.accepted(text, key, issuer=provider, at=now)
    with pytest.raises(TokenRefused, match="issuer"):
        tokens.accepted(text, key, issuer=ISSUER, at=now)


def answering(**answers: Any) -> httpx2.MockTransport:
    """Answers by the path; a text is a redirect to it."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        given = answers.get(request.url.path.removeprefix("/.well-known/").replace("-", "_"))
        if request.url.host != "id.bank.example" or given is None:
            return httpx2.Response(500)
        if isinstance(given, str):
            return httpx2.Response(302, headers={"Location": given})
        return httpx2.Response(
            200, content=given if isinstance(given, bytes) else json.dumps(given)
        )

    return httpx2.MockTransport(answer)


def described(**changes: str) -> dict[str, str]:
    return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **changes}


async def test_the_configuration_names_the_address_of_the_keys() -> None:
    transport = answering(openid_configuration=described(), **{"/keys": {"keys": []}})
    assert await IdentityProvider(ISSUER, transport=transport).keys() == {"keys": []}


@pytest.mark.parametrize(
    ("configuration", "keys"),
    [
        (described(issuer="https://id.other.example"), {"keys": []}),
        (described(jwks_uri="https://id.other.example/keys"), {"keys": []}),
        (described(jwks_uri="http://id.bank.example/keys"), {"keys": []}),
        (described(jwks_uri="file:///etc/passwd"), {"keys": []}),
        ("https://id.bank.example/elsewhere", {"keys": []}),
        (described(), "https://id.bank.example/elsewhere"),
        (described(), b"[" + b" " * 262_144 + b"]"),
        (described(), []),
        ([], {"keys": []}),
    ],
    ids=[
        "another issuer",
        "keys of another host",
        "keys without TLS",
        "keys in a file",
        "a redirect of the configuration",
        "a redirect of the keys",
        "too long",
        "keys in a list",
        "configuration in a list",
    ],
)
async def test_keys_come_from_the_provider_alone(configuration: Any, keys: Any) -> None:
    transport = answering(openid_configuration=configuration, **{"/keys": keys})
    with pytest.raises(ProviderAnswer):
        await IdentityProvider(ISSUER, transport=transport).keys()


@pytest.mark.parametrize(
    "setting",
    [
        {"oidc_issuer": "http://id.bank.example"},
        {"oidc_jwks_url": "http://id.bank.example/keys"},
        {"oidc_roles": "loans=OWNER"},
        {"oidc_roles": "core=SOURCE"},
        {"oidc_roles": "=RISK"},
        {"oidc_roles": "RISK"},
    ],
)
def test_settings_that_would_let_the_wrong_ones_in_are_refused(setting: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"oidc|OIDC"):
        PlatformSettings(kafka_bootstrap="x:1", **setting)  # type: ignore[arg-type]


def test_groups_have_the_roles_of_the_setting() -> None:
    settings = PlatformSettings(
        kafka_bootstrap="x:1", oidc_roles="loans=OFFICER, heads=SENIOR,heads=APPROVER,"
    )
    assert settings.roles_of_groups() == {"loans": ["OFFICER"], "heads": ["SENIOR", "APPROVER"]}
