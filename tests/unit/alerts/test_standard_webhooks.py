"""Conformance with Standard Webhooks: what we sign, the official library accepts, and only that."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random

import pytest
from standardwebhooks import Webhook

from services.alerts.delivery.domain.signing import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    secret_of,
    sign,
    verify,
)

RANDOM_MESSAGES = 10_000
BODIES = {
    "empty object": "{}",
    "empty array": "[]",
    "white space": '  {"a" : 1 }\n',
    "line ends": '{"a":"x"}\r\n',
    "escaped NUL": '{"a":"\\u0000"}',
    "accents": '{"a":"Überfällig €"}',
    "Chinese": '{"a":"逾期"}',
    "emoji": '{"a":"⛔🔴"}',
    "right to left": '{"a":"\u202eabc"}',
    "long": json.dumps({"a": "x" * 15_900}),
    "deep": "[" * 100 + "]" * 100,
    "a full stop": '{"a":"msg.1614265330."}',
}
KEY_BYTES = (24, 25, 32, 48, 64)


def official(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the official library accepts a message."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except Exception:  # noqa: BLE001 - it raises several kinds for what is malformed
        return False
    return True


@pytest.mark.parametrize("length", KEY_BYTES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_official_library_accepts_every_body_under_every_length_of_key(
    body: str, length: int
) -> None:
    now, secret = datetime.now(UTC), secret_of(bytes(range(length)))
    sent = sign(webhook_id="msg_1", at=now, body=body.encode(), secrets=[secret])
    assert official(secret, sent, body.encode())
    theirs = Webhook(secret).sign("msg_1", now.replace(microsecond=0), body)
    assert sent[SIGNATURE_HEADER] == theirs


def flipped(text: str, dice: Random) -> str:
    """Return a text with one character replaced by another of its kind."""
    place = dice.randrange(len(text))
    letters = "0123456789" if text[place].isdigit() else "abcdefXYZ"
    other = dice.choice([letter for letter in letters if letter != text[place]])
    return text[:place] + other + text[place + 1 :]


def tampered_id(headers: dict[str, str], body: bytes, dice: Random) -> bytes:
    headers[ID_HEADER] = flipped(headers[ID_HEADER], dice)
    return body


def tampered_time(headers: dict[str, str], body: bytes, _dice: Random) -> bytes:
    headers[TIMESTAMP_HEADER] = str(int(headers[TIMESTAMP_HEADER]) + 1)
    return body


def tampered_body(_headers: dict[str, str], body: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(body))
    return body[:place] + bytes([body[place] ^ (1 << dice.randrange(8))]) + body[place + 1 :]


def tampered_signature(headers: dict[str, str], body: bytes, _dice: Random) -> bytes:
    # The last letters hold bits that Base64 does not use, so the first one is changed.
    signatures = headers[SIGNATURE_HEADER].split(" ")
    headers[SIGNATURE_HEADER] = " ".join(
        f"v1,{'A' if signature[3] != 'A' else 'B'}{signature[4:]}" for signature in signatures
    )
    return body


TAMPERINGS: tuple[Callable[[dict[str, str], bytes, Random], bytes], ...] = (
    tampered_id,
    tampered_time,
    tampered_body,
    tampered_signature,
)


def test_ten_thousand_random_messages_are_accepted_and_none_of_them_tampered_with() -> None:
    dice = Random("standard webhooks")
    for number in range(RANDOM_MESSAGES):
        now = datetime.now(UTC)
        secrets = [
            secret_of(dice.randbytes(dice.randint(24, 64))) for _ in range(dice.randint(1, 2))
        ]
        text = "".join(map(chr, dice.choices(range(32, 0x3000), k=dice.randrange(60))))
        body = json.dumps({"number": number, "text": text}, ensure_ascii=False).encode()
        sent = sign(webhook_id=f"msg_{dice.getrandbits(64):x}", at=now, body=body, secrets=secrets)
        for secret in secrets:
            assert official(secret, sent, body)
            assert verify(sent, body=body, secrets=[secret], now=now).is_genuine
        changed = dict(sent)
        changed_body = dice.choice(TAMPERINGS)(changed, body, dice)
        assert not any(official(secret, changed, changed_body) for secret in secrets)
        assert not verify(changed, body=changed_body, secrets=secrets, now=now).is_genuine
