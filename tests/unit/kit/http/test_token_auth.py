"""Access tokens: forged, stale and foreign ones get nobody in, and a good one says who calls."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from services.kit.access.keys import Role
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.access.signing_keys import SigningKeys
from services.kit.http.problems import Problem
from services.kit.http.token_auth import TokenAuthenticator, TokenRules
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ISSUER = "https://id.bank.example"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC_384_KEY = ec.generate_private_key(ec.SECP384R1())
PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def jwk(key: Any, key_id: str, **changes: Any) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, **changes}


PUBLISHED = {
    "keys": [
        jwk(RSA_KEY, "rsa-1", use="sig", alg="RS256"),
        jwk(EC_KEY, "ec-1"),
        jwk(EC_384_KEY, "ec-384"),
        jwk(WEAK_RSA_KEY, "weak"),
        jwk(OTHER_RSA_KEY, "encrypts", use="enc"),
        jwk(OTHER_RSA_KEY, "rs512", alg="RS512"),
        {**RSAAlgorithm.to_jwk(OTHER_RSA_KEY, as_dict=True), "kid": "private"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        jwk(OTHER_RSA_KEY, ""),
    ]
}
SECONDS = NOW.timestamp()
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "tocsin-api",
    "sub": "00u1",
    "iat": SECONDS - 10,
    "exp": SECONDS + 290,
    "groups": ["loans", "everybody"],
}
RULES = TokenRules(
    issuer=ISSUER,
    roles={
        "loans": frozenset({Role.OFFICER}),
        "heads": frozenset({Role.SENIOR}),
        "reports": frozenset({Role.AUDITOR}),
    },
    officer_claim="officer",
    branches_claim="branches",
)


def claims(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}


def token(
    key: Any = RSA_KEY,
    algorithm: str = "RS256",
    *,
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    return jwt.encode(claims(**changes), key, algorithm, {"kid": "rsa-1", **(headers or {})})


def raw(header: dict[str, Any] | bytes, body: dict[str, Any] | bytes, signature: bytes) -> str:
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, body)
    ]
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature)
    )


def signed_with_the_public_key() -> str:
    header, body = {"alg": "HS256", "kid": "rsa-1", "typ": "JWT"}, claims()
    unsigned = raw(header, body, b"").rpartition(".")[0]
    return raw(header, body, hmac.new(PEM, unsigned.encode(), hashlib.sha256).digest())


def changed_after_signing(**changes: Any) -> str:
    header, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(**changes)).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "none alg": lambda: raw({"alg": "none", "kid": "rsa-1"}, claims(), b""),
    "None alg": lambda: raw({"alg": "None", "kid": "rsa-1"}, claims(), b""),
    "nOnE alg": lambda: raw({"alg": "nOnE", "kid": "rsa-1"}, claims(), b"x"),
    "no alg": lambda: raw({"kid": "rsa-1"}, claims(), b"x"),
    "alg null": lambda: raw({"alg": None, "kid": "rsa-1"}, claims(), b"x"),
    "alg list": lambda: raw({"alg": ["RS256"], "kid": "rsa-1"}, claims(), b"x"),
    "HS256 with the public key": signed_with_the_public_key,
    "HS256 with a secret": lambda: token("s" * 32, "HS256"),
    "HS256 with the oct key": lambda: token("secret" * 8, "HS256", headers={"kid": "oct"}),
    "RS384": lambda: token(algorithm="RS384"),
    "RS512": lambda: token(algorithm="RS512"),
    "PS256": lambda: token(algorithm="PS256"),
    "ES384": lambda: token(EC_384_KEY, "ES384", headers={"kid": "ec-384"}),
    "RS256 with the id of the EC key": lambda: token(headers={"kid": "ec-1"}),
    "ES256 with the id of the RSA key": lambda: token(EC_KEY, "ES256"),
    "another key": lambda: token(OTHER_RSA_KEY),
    "unknown kid": lambda: token(OTHER_RSA_KEY, headers={"kid": "rsa-2"}),
    "kid of a weak key": lambda: token(WEAK_RSA_KEY, headers={"kid": "weak"}),
    "kid of an encryption key": lambda: token(OTHER_RSA_KEY, headers={"kid": "encrypts"}),
    "kid of a key for RS512": lambda: token(OTHER_RSA_KEY, headers={"kid": "rs512"}),
    "kid of a private key": lambda: token(OTHER_RSA_KEY, headers={"kid": "private"}),
    "kid of a broken key": lambda: token(headers={"kid": "broken"}),
    "empty kid": lambda: token(OTHER_RSA_KEY, headers={"kid": ""}),
    "kid that is a path": lambda: token(OTHER_RSA_KEY, headers={"kid": "../../dev/null"}),
    "no kid": lambda: raw({"alg": "RS256"}, claims(), b"x"),
    "jku": lambda: token(headers={"jku": "https://evil.example/keys"}),
    "x5u": lambda: token(headers={"x5u": "https://evil.example/cert"}),
    "jwk": lambda: token(OTHER_RSA_KEY, headers={"jwk": jwk(OTHER_RSA_KEY, "rsa-1")}),
    "x5c": lambda: token(headers={"x5c": ["MIIB"]}),
    "crit": lambda: token(headers={"crit": ["exp"], "exp": 1}),
    "crit b64": lambda: raw({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"]}, claims(), b"x"),
    "zip": lambda: token(headers={"zip": "DEF"}),
    "type of a logout token": lambda: token(headers={"typ": "logout+jwt"}),
    "type of a DPoP proof": lambda: token(headers={"typ": "dpop+jwt"}),
    "changed subject": lambda: changed_after_signing(sub="00u2"),
    "changed groups": lambda: changed_after_signing(groups=["heads"]),
    "signature cut": lambda: token()[:-8],
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "expired": lambda: token(iat=SECONDS - 200, exp=SECONDS - 1),
    "expired this moment": lambda: token(iat=SECONDS - 200, exp=SECONDS),
    "no end": lambda: token(exp=...),
    "end is a text": lambda: token(exp=str(SECONDS + 200)),
    "end is true": lambda: token(exp=True),
    "end is infinite": lambda: token(exp=float("inf")),
    "end beyond the calendar": lambda: token(exp=1e30),
    "no beginning": lambda: token(iat=...),
    "lives six minutes": lambda: token(iat=SECONDS, exp=SECONDS + 301),
    "begins in the future": lambda: token(iat=SECONDS + 31, exp=SECONDS + 300),
    "not before the future": lambda: token(nbf=SECONDS + 31),
    "not before is a text": lambda: token(nbf="soon"),
    "another issuer": lambda: token(iss="https://id.other.example"),
    "issuer with a slash": lambda: token(iss=ISSUER + "/"),
    "no issuer": lambda: token(iss=...),
    "another audience": lambda: token(aud="desk"),
    "audiences of others": lambda: token(aud=["desk", "tocsin-api-2"]),
    "audience in other letters": lambda: token(aud="Tocsin-API"),
    "no audience": lambda: token(aud=...),
    "audience is an object": lambda: token(aud={"tocsin-api": True}),
    "ID token with nonce": lambda: token(nonce="n-1"),
    "ID token with at_hash": lambda: token(at_hash="x"),
    "ID token by its typ": lambda: token(typ="ID"),
    "no subject": lambda: token(sub=...),
    "empty subject": lambda: token(sub=""),
    "subject is a number": lambda: token(sub=7),
    "long subject": lambda: token(sub="x" * 256),
    "subject of nobody": lambda: token(sub="00u9"),
    "huge": lambda: token(padding="x" * 9_000),
    "deep": lambda: raw({"alg": "RS256", "kid": "rsa-1"}, b"[" * 4_000, b"x"),
    "payload is a list": lambda: raw({"alg": "RS256", "kid": "rsa-1"}, b"[]", b"x"),
    "header is a list": lambda: raw(b"[]", claims(), b"x"),
    "header is no JSON": lambda: raw(b"{", claims(), b"x"),
    "four parts": lambda: token() + ".x",
    "two parts": lambda: token().rpartition(".")[0],
    "no base64": lambda: "a.b.ü",
    "dots": lambda: "..",
}


class Logins:
    """The tables of logins and of rights in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str | None, str | None]] = {
            "00u1": ("olga", None),
            "batch": (None, "reports"),
        }
        self.rights: tuple[RowRight, ...] = ()
        self.is_away = False

    async def fetchrow(self, _query: str, issuer: str, subject: str) -> Any:
        if self.is_away:
            raise ConnectionError("no database")
        person, machine = self.rows.get(subject, (None, None))
        is_bound = issuer == ISSUER and subject in self.rows
        return {"person_id": person, "machine": machine} if is_bound else None

    async def fetch(self, _query: str, *args: Any) -> list[Any]:
        rights = [right for right in self.rights if right.person_id == args[0]]
        return [{name: getattr(right, name) for name in RowRight.__slots__} for right in rights]

    async def execute(self, _query: str, *_args: Any) -> str:
        return ""


class Provider:
    """Publishes keys, and counts how often they are fetched."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = PUBLISHED
        self.fetches = 0
        self.is_away = False

    async def keys(self) -> dict[str, Any]:
        self.fetches += 1
        if self.is_away:
            raise ConnectionError("no provider")
        return self.document


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def authenticator(clock: ManualClock, provider: Provider, logins: Logins) -> TokenAuthenticator:
    keys = SigningKeys(provider.keys, clock=clock)
    return TokenAuthenticator(logins, keys, RULES, clock=clock)


def test_there_are_forty_forgeries_and_more() -> None:
    assert len(FORGED) >= 40


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_gets_nobody_in(authenticator: TokenAuthenticator, name: str) -> None:
    assert await authenticator.authenticate(FORGED[name]()) is None


@pytest.mark.parametrize(
    "text",
    [
        token(),
        token(EC_KEY, "ES256", headers={"kid": "ec-1"}),
        token(headers={"typ": "at+jwt"}),
        token(headers={"typ": "application/at+jwt"}),
        token(aud=["desk", "tocsin-api"]),
        token(iat=SECONDS + 29, exp=SECONDS + 300),
        token(nbf=SECONDS - 5, typ="Bearer"),
        token(iat=SECONDS - 299, exp=SECONDS + 1),
    ],
    ids=["RS256", "ES256", "at+jwt", "full type", "two audiences", "clock ahead", "nbf", "old"],
)
async def test_a_good_token_names_the_caller(authenticator: TokenAuthenticator, text: str) -> None:
    caller = await authenticator.authenticate(text)
    assert caller is not None
    assert (caller.person_id, caller.actor, caller.roles) == ("olga", "olga", {Role.OFFICER})


async def test_groups_and_claims_become_roles_and_row_rights(
    authenticator: TokenAuthenticator, logins: Logins
) -> None:
    logins.rights = (
        RowRight(person_id="olga", kind=RightKind.OFFICER, granted_id="o-8", reason="delegate"),
        RowRight(person_id="olga", kind=RightKind.QUEUE, granted_id="workout", reason="member"),
    )
    caller = await authenticator.authenticate(
        token(groups=["loans", "heads", 7, None], officer="o-7", branches=["north", 1])
    )
    assert caller is not None
    assert caller.roles == {Role.OFFICER, Role.SENIOR}
    assert (caller.officer_id, caller.officer_ids) == ("o-7", {"o-7", "o-8"})
    assert (caller.branch_ids, caller.queue_ids) == ({"north"}, {"workout"})
    assert not caller.sees_everything


@pytest.mark.parametrize("groups", [..., None, "everybody", [], {"loans": 1}, ["Loans"]])
async def test_who_is_in_no_group_has_no_role(
    authenticator: TokenAuthenticator, groups: object
) -> None:
    caller = await authenticator.authenticate(token(groups=groups))
    assert caller is not None
    assert caller.roles == frozenset()


async def test_a_machine_decides_nothing(authenticator: TokenAuthenticator) -> None:
    caller = await authenticator.authenticate(token(sub="batch", groups=["reports", "heads"]))
    assert caller is not None
    assert (caller.person_id, caller.actor) == (None, "machine:reports")
    assert caller.roles == {Role.AUDITOR}


async def test_a_person_who_is_removed_is_refused_within_five_seconds(
    authenticator: TokenAuthenticator, logins: Logins, clock: ManualClock
) -> None:
    text = token()
    assert await authenticator.authenticate(text) is not None
    del logins.rows["00u1"]
    clock.advance(4.1)
    assert await authenticator.authenticate(text) is None


async def test_a_token_that_got_in_ends_at_its_end(
    authenticator: TokenAuthenticator, clock: ManualClock
) -> None:
    text = token()
    assert await authenticator.authenticate(text) is not None
    clock.advance(289.9)
    assert await authenticator.authenticate(text) is not None
    clock.advance(0.1)
    assert await authenticator.authenticate(text) is None


async def test_without_a_database_the_answer_is_503_not_401(
    authenticator: TokenAuthenticator, logins: Logins
) -> None:
    logins.is_away = True
    with pytest.raises(Problem) as refused:
        await authenticator.authenticate(token())
    assert refused.value.kind.status == 503


class TestRotation:
    """The keys of the provider change, and the provider may be away."""

    async def test_a_new_key_is_fetched_once_when_a_token_names_it(
        self, authenticator: TokenAuthenticator, provider: Provider, clock: ManualClock
    ) -> None:
        assert await authenticator.authenticate(token()) is not None
        provider.document = {"keys": [*PUBLISHED["keys"], jwk(OTHER_RSA_KEY, "rsa-2")]}
        rotated = token(OTHER_RSA_KEY, headers={"kid": "rsa-2"})
        assert await authenticator.authenticate(rotated) is None
        clock.advance(30)
        assert await authenticator.authenticate(rotated) is not None
        assert provider.fetches == 2

    async def test_tokens_with_invented_keys_fetch_twice_a_minute(
        self, authenticator: TokenAuthenticator, provider: Provider, clock: ManualClock
    ) -> None:
        for number in range(100):
            text = token(OTHER_RSA_KEY, headers={"kid": f"invented-{number}"})
            assert await authenticator.authenticate(text) is None
            clock.advance(0.6)
        assert provider.fetches == 2

    async def test_many_at_once_wait_for_one_fetch(
        self, authenticator: TokenAuthenticator, provider: Provider
    ) -> None:
        text = token()
        callers = await asyncio.gather(*(authenticator.authenticate(text) for _ in range(50)))
        assert None not in callers
        assert provider.fetches == 1

    async def test_a_key_that_is_withdrawn_is_refused_after_five_minutes(
        self, authenticator: TokenAuthenticator, provider: Provider, clock: ManualClock
    ) -> None:
        assert await authenticator.authenticate(token()) is not None
        provider.document = {"keys": [jwk(EC_KEY, "ec-1")]}
        clock.advance(300)
        late = SECONDS + 300
        text = token(iat=late, exp=late + 100)
        # This one begins the refresh and does not wait for it.
        assert await authenticator.authenticate(text) is not None
        await authenticator._keys._refresh  # type: ignore[misc]
        assert await authenticator.authenticate(text) is None

    async def test_the_last_keys_serve_for_a_day_without_the_provider(
        self, authenticator: TokenAuthenticator, provider: Provider, clock: ManualClock
    ) -> None:
        assert await authenticator.authenticate(token()) is not None
        provider.is_away = True
        clock.advance(timedelta(hours=23).total_seconds())
        late = clock.now().timestamp()
        assert await authenticator.authenticate(token(iat=late, exp=late + 100)) is not None
        clock.advance(timedelta(hours=1).total_seconds())
        late = clock.now().timestamp()
        with pytest.raises(Problem) as refused:
            await authenticator.authenticate(token(iat=late, exp=late + 100))
        assert refused.value.kind.status == 503

    async def test_before_the_first_keys_the_answer_is_503(
        self, authenticator: TokenAuthenticator, provider: Provider
    ) -> None:
        provider.is_away = True
        with pytest.raises(Problem) as refused:
            await authenticator.authenticate(token())
        assert refused.value.kind.status == 503
