"""The receiving side of Standard Webhooks, written as a customer would write it.

On purpose not the code that signs: a receiver that shares the sender's code would agree with its
mistakes. Used by the demo's inbox.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def refusal(headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime) -> str | None:
    """Return why a message is not genuine, or None when it is.

    Args:
        headers: With names in lower case.
        body: The bytes as they came.
        secret: The endpoint's secret, `whsec_…`.
        now: When the message came, aware.
    """
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not message_id or not stamp.isdigit():
        return "webhook-id or webhook-timestamp is missing"
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        return "webhook-timestamp is more than five minutes away from now"
    key = base64.b64decode(secret.removeprefix(PREFIX))
    expected = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, "sha256")
    for part in headers.get("webhook-signature", "").split():
        version, _, signature = part.partition(",")
        if version == "v1" and hmac.compare_digest(expected, _decoded(signature)):
            return None
    return "no v1 signature matches"


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""
