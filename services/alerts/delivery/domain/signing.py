"""Signatures by the Standard Webhooks rules, symmetric (`v1`).

The signed text is `<webhook-id>.<unix seconds>.<body>`, HMAC-SHA256, Base64. The header carries one
signature per valid secret, so both verify during a rotation. The exact bytes that are sent are
signed, and the time is that of the attempt. `verify` is the check of a receiver; it returns its
reason for any headers.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

SECRET_PREFIX = "whsec_"
LEAST_SECRET_BYTES = 24
MOST_SECRET_BYTES = 64
TOLERANCE = timedelta(minutes=5)
# Our own header has two; without a limit a sender could make us compute without end.
MOST_SIGNATURES = 16

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"


def secret_key(secret: str) -> bytes:
    """Returns the key in a `whsec_…` secret.

    Raises:
        ValueError: If it is not Base64 of 24 to 64 bytes after the prefix.
    """
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a webhook secret starts with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook secret is Base64 after its prefix") from error
    if not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        raise ValueError(
            f"a webhook secret has {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes, "
            f"this one {len(key)}"
        )
    return key


def secret_of(key: bytes) -> str:
    """Returns the `whsec_…` form of a key."""
    secret = SECRET_PREFIX + base64.b64encode(key).decode("ascii")
    secret_key(secret)
    return secret


def sign(*, webhook_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Returns the three headers of a message.

    Args:
        webhook_id: The same for every attempt; must not contain a full stop.
        at: The moment of this attempt.
        body: The exact bytes that are sent.
        secrets: The valid secrets, the newest first.
    """
    if "." in webhook_id or not webhook_id:
        raise ValueError(f"webhook id {webhook_id!r} must not be empty or contain a full stop")
    if at.tzinfo is None:
        raise ValueError("the attempt's moment must be aware")
    seconds = str(int(at.timestamp()))
    signatures = (
        f"v1,{_signature(secret_key(secret), webhook_id, seconds, body)}" for secret in secrets
    )
    return {
        ID_HEADER: webhook_id,
        TIMESTAMP_HEADER: seconds,
        SIGNATURE_HEADER: " ".join(signatures),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Whether a message is genuine, and why not."""

    is_genuine: bool
    reason: str


def verify(
    headers: Mapping[str, str], *, body: bytes, secrets: Sequence[str], now: datetime
) -> Checked:
    """Checks a message as its receiver. `headers` has lower-case names."""
    webhook_id = headers.get(ID_HEADER, "")
    seconds = headers.get(TIMESTAMP_HEADER, "")
    offered = headers.get(SIGNATURE_HEADER, "")
    if not (webhook_id and seconds and offered):
        return _forged("a header is missing")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return _forged("the timestamp is not a number of seconds")
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        return _forged("the timestamp is more than 5 minutes away from now")
    if not webhook_id.isascii():
        return _forged("the id is not ASCII")
    signatures = _v1_signatures(offered)
    if not signatures:
        return _forged("there is no v1 signature")
    is_genuine = False
    for secret in secrets:
        expected = _signature(secret_key(secret), webhook_id, seconds, body).encode("ascii")
        for signature in signatures:
            # Every pair is compared, so the time does not reveal which one matched.
            is_genuine |= hmac.compare_digest(expected, signature)
    return Checked(is_genuine=True, reason="genuine") if is_genuine else _forged("no match")


def _v1_signatures(header: str) -> list[bytes]:
    signatures = []
    for part in header.split(" ")[:MOST_SIGNATURES]:
        version, _, signature = part.partition(",")
        if version == "v1" and signature:
            signatures.append(signature.encode("utf-8", "replace"))
    return signatures


def _signature(key: bytes, webhook_id: str, seconds: str, body: bytes) -> str:
    signed = b".".join((webhook_id.encode("ascii"), seconds.encode("ascii"), body))
    return base64.b64encode(hmac.new(key, signed, sha256).digest()).decode("ascii")


def _forged(reason: str) -> Checked:
    return Checked(is_genuine=False, reason=reason)
