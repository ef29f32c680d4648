"""Access tokens of an identity provider: which ones are accepted.

A token is accepted if it is signed with a key that the provider publishes now, by RS256 or ES256,
is meant for our API, lives five minutes at most, and is no ID token. What a token says about its
own key (`jku`, `x5u`, `jwk` …) is refused, not followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWK
from jwt.types import Options

ALGORITHMS: Final = ("RS256", "ES256")
AUDIENCE: Final = "tocsin-api"
LONGEST_LIFE: Final = timedelta(minutes=5)
# By how much the provider's clock may be ahead of ours. No token is accepted after its end.
LEEWAY: Final = timedelta(seconds=30)
MOST_CHARACTERS: Final = 8192
_MOST_SUBJECT_CHARACTERS: Final = 255
_FEWEST_RSA_BITS: Final = 2048
_TYPES: Final = frozenset({"JWT", "AT+JWT"})
# What says where a key is, or that a reader who ignores it reads another token.
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
# Only an ID token, which proves to a client who has logged in, has these.
_CLAIMS_OF_ID_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


# The claims are checked below, against a clock that is given.
_SIGNATURE_ONLY: Final[Options] = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenRefused(Exception):
    """A token is not accepted; the text is a constant reason for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token that was accepted."""

    issuer: str
    subject: str
    expires_at: datetime
    claims: Mapping[str, Any]


def key_id_of(text: str) -> str:
    """Returns the id of the key with which a token says that it is signed.

    Raises:
        TokenRefused: If no token with such a header is accepted, whatever its signature.
    """
    if len(text) > MOST_CHARACTERS:
        raise TokenRefused("too long")
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenRefused("not a signed token") from error
    if header.get("alg") not in ALGORITHMS:
        raise TokenRefused("algorithm")
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise TokenRefused("header that names a key or an extension")
    if str(header.get("typ", "JWT")).upper().removeprefix("APPLICATION/") not in _TYPES:
        raise TokenRefused("type")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise TokenRefused("no key id")
    return key_id


def accepted(text: str, key: PyJWK, *, issuer: str, at: datetime) -> AccessToken:
    """Returns the token, if it is signed with the key and meant for us now.

    Raises:
        TokenRefused: If it is not.
    """
    try:
        claims = jwt.decode(text, key, algorithms=[key.algorithm_name], options=_SIGNATURE_ONLY)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenRefused("signature") from error
    if claims.get("iss") != issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("audience")
    if claims.get("typ") == "ID" or not _CLAIMS_OF_ID_TOKENS.isdisjoint(claims):
        raise TokenRefused("ID token")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT_CHARACTERS:
        raise TokenRefused("subject")
    return AccessToken(
        issuer=issuer, subject=subject, expires_at=_checked_end(claims, at=at), claims=claims
    )


def _checked_end(claims: Mapping[str, Any], *, at: datetime) -> datetime:
    """Returns the end of a token that is valid at a moment.

    Raises:
        TokenRefused: If it is not, or lives too long.
    """
    begins, ends = _moment(claims, "iat"), _moment(claims, "exp")
    if ends <= at:
        raise TokenRefused("expired")
    if begins > at + LEEWAY or ("nbf" in claims and _moment(claims, "nbf") > at + LEEWAY):
        raise TokenRefused("not valid yet")
    if ends - begins > LONGEST_LIFE:
        raise TokenRefused("lives too long")
    return ends


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"{name} is no moment")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise TokenRefused(f"{name} is no moment") from error


def signing_keys(document: Mapping[str, Any]) -> dict[str, PyJWK]:
    """Returns the keys of a JSON Web Key Set that sign tokens by our algorithms, by their ids."""
    keys = (_signing_key(each) for each in document["keys"])
    return {key.key_id: key for key in keys if key is not None and key.key_id}


def _signing_key(document: Mapping[str, Any]) -> PyJWK | None:
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(document.get("kty")))
    is_for_us = (
        algorithm is not None
        and document.get("use", "sig") == "sig"
        and document.get("alg", algorithm) == algorithm
        and "d" not in document
    )
    if not is_for_us:
        return None
    try:
        key = PyJWK(dict(document), algorithm)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError):
        return None
    return key if _is_strong(key.key) else None


def _is_strong(key: Any) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _FEWEST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
