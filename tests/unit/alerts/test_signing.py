"""Signatures: against the official library, and against every malformed header."""

import base64
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.alerts.delivery.adapters.sealing import new_secret
from services.alerts.delivery.domain import signing
from services.alerts.delivery.domain.signing import secret_key, secret_of, sign, verify

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = secret_of(b"o" * 32)


def headers(**changes: str) -> dict[str, str]:
    signed = sign(webhook_id=ID, at=AT, body=BODY, secrets=[SECRET])
    return {**signed, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_the_example_of_the_specification() -> None:
    assert headers() == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_the_moment_is_signed_as_it_is_in_any_time_zone() -> None:
    local = AT.astimezone(ZoneInfo("America/New_York"))
    assert sign(webhook_id=ID, at=local, body=BODY, secrets=[SECRET]) == headers()


@given(body=st.binary(max_size=200), key=st.binary(min_size=24, max_size=64))
def test_our_signature_is_the_official_librarys(body: bytes, key: bytes) -> None:
    secret = secret_of(key)
    ours = sign(webhook_id=ID, at=AT, body=body, secrets=[secret])
    text = body.decode("latin-1")
    theirs = Webhook(secret).sign(ID, AT, text)
    again = sign(webhook_id=ID, at=AT, body=text.encode(), secrets=[secret])
    assert again["webhook-signature"] == theirs
    assert verify(ours, body=body, secrets=[secret], now=AT).is_genuine


def test_what_we_send_now_the_library_accepts() -> None:
    now = datetime.now(UTC)
    secret = new_secret()
    sent = sign(webhook_id=ID, at=now, body=BODY, secrets=[OTHER, secret])
    assert Webhook(secret).verify(BODY, sent) == {"test": 2432232314}


@pytest.mark.parametrize(
    ("changes", "body", "reason"),
    [
        ({}, BODY + b" ", "no match"),
        ({"webhook_id": ID + "x"}, BODY, "no match"),
        ({"webhook_timestamp": "1614265331"}, BODY, "no match"),
        ({"webhook_id": ""}, BODY, "missing"),
        ({"webhook_timestamp": ""}, BODY, "missing"),
        ({"webhook_signature": ""}, BODY, "missing"),
        ({"webhook_timestamp": "soon"}, BODY, "not a number"),
        ({"webhook_timestamp": "1614265330.5"}, BODY, "not a number"),
        ({"webhook_timestamp": "-1614265330"}, BODY, "not a number"),
        ({"webhook_timestamp": "١٦١٤٢٦٥٣٣٠"}, BODY, "not a number"),
        ({"webhook_timestamp": "9" * 400}, BODY, "not a number"),
        ({"webhook_id": "msg_ü"}, BODY, "not ASCII"),
        ({"webhook_signature": "v1"}, BODY, "no v1 signature"),
        ({"webhook_signature": "v1,"}, BODY, "no v1 signature"),
        ({"webhook_signature": "v2," + SIGNATURE[3:]}, BODY, "no v1 signature"),
        ({"webhook_signature": "v1a," + SIGNATURE[3:]}, BODY, "no v1 signature"),
        ({"webhook_signature": ",,,"}, BODY, "no v1 signature"),
        ({"webhook_signature": "v1,not base64!"}, BODY, "no match"),
        ({"webhook_signature": "v1,ü"}, BODY, "no match"),
        ({"webhook_signature": "v1,\ud800"}, BODY, "no match"),
        ({"webhook_signature": SIGNATURE[:-1]}, BODY, "no match"),
        ({"webhook_signature": SIGNATURE.replace(",", " ")}, BODY, "no v1 signature"),
        ({"webhook_signature": "v1,x " * 16 + SIGNATURE}, BODY, "no match"),
    ],
)
def test_a_tampered_or_malformed_message_is_refused_in_words(
    changes: dict[str, str], body: bytes, reason: str
) -> None:
    checked = verify(headers(**changes), body=body, secrets=[SECRET], now=AT)
    assert not checked.is_genuine
    assert reason in checked.reason


@pytest.mark.parametrize(
    ("seconds", "is_genuine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_five_minutes_are_tolerated_on_both_sides(seconds: int, is_genuine: bool) -> None:
    now = AT + timedelta(seconds=seconds)
    assert verify(headers(), body=BODY, secrets=[SECRET], now=now).is_genuine is is_genuine


def test_one_of_several_signatures_or_secrets_is_enough() -> None:
    both = sign(webhook_id=ID, at=AT, body=BODY, secrets=[OTHER, SECRET])
    assert len(both["webhook-signature"].split(" ")) == 2
    for known in ([OTHER], [SECRET], [new_secret(), SECRET]):
        assert verify(both, body=BODY, secrets=known, now=AT).is_genuine
    assert not verify(both, body=BODY, secrets=[new_secret()], now=AT).is_genuine


@pytest.mark.parametrize("length", [24, 32, 64])
def test_secrets_of_24_to_64_bytes_are_good(length: int) -> None:
    assert secret_key(secret_of(b"s" * length)) == b"s" * length


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_!!!!",
        base64.b64encode(b"s" * 32).decode(),
        "whsec_" + base64.b64encode(b"s" * 23).decode(),
        "whsec_" + base64.b64encode(b"s" * 65).decode(),
        "whsec_ü",
    ],
)
def test_any_other_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        secret_key(secret)


def test_an_id_with_a_full_stop_or_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign(webhook_id="a.b", at=AT, body=BODY, secrets=[SECRET])
    with pytest.raises(ValueError, match="aware"):
        sign(webhook_id=ID, at=AT.replace(tzinfo=None), body=BODY, secrets=[SECRET])


def test_there_are_never_more_than_the_allowed_number_of_signatures_looked_at() -> None:
    assert signing.MOST_SIGNATURES == 16
