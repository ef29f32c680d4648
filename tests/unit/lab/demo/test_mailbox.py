"""The demo's inbox: keeps what is genuine, once, and is difficult in a known way."""

from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from lab.demo import standard_webhooks
from lab.demo.mailbox import Mailbox, ReceiverAnswer, ReceiverOptions

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PATIENT = ReceiverOptions(unavailable_every=10**9, too_late_at=None)
BODY = b'{"type":"alert.opened.v1","data":{"borrower_id":"B1"}}'


def signed(webhook_id: str, body: bytes = BODY) -> dict[str, str]:
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(webhook_id, NOW, body.decode()),
    }


def mailbox(options: ReceiverOptions = PATIENT) -> Mailbox:
    # The first message of the default order is refused; a patient one refuses none.
    box = Mailbox(secret=SECRET, options=options)
    if options is PATIENT:
        box._tries["warm-up"] = 1
    return box


def test_a_message_signed_by_the_reference_library_is_kept() -> None:
    box = mailbox()
    assert box.take(signed("m1"), BODY, now=NOW) is ReceiverAnswer.ACCEPTED
    assert [message.webhook_id for message in box.newest()] == ["m1"]


def test_the_same_id_again_is_a_repeat_and_kept_once() -> None:
    box = mailbox()
    box.take(signed("m1"), BODY, now=NOW)
    assert box.take(signed("m1"), BODY, now=NOW) is ReceiverAnswer.REPEAT
    assert (box.counts.accepted, box.counts.repeats) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"webhook-id": "other"}, id="the id was changed"),
        pytest.param({"webhook-timestamp": "1"}, id="the timestamp is old"),
        pytest.param({"webhook-timestamp": "soon"}, id="the timestamp is no number"),
        pytest.param({"webhook-signature": "v1,AAAA"}, id="the signature is another"),
        pytest.param({"webhook-signature": "v1,%%%"}, id="the signature is no base64"),
        pytest.param({"webhook-signature": ""}, id="there is no signature"),
    ],
)
def test_a_forged_message_is_never_kept(change: dict[str, str]) -> None:
    box = mailbox()
    assert box.take({**signed("m1"), **change}, BODY, now=NOW) is ReceiverAnswer.FORGED
    assert box.newest() == []


def test_a_changed_body_is_forged() -> None:
    reason = standard_webhooks.refusal(signed("m1"), b"{}", secret=SECRET, now=NOW)
    assert reason == "no v1 signature matches"


def test_nothing_is_genuine_before_the_secret_is_known() -> None:
    assert Mailbox().take(signed("m1"), BODY, now=NOW) is ReceiverAnswer.FORGED


def test_first_attempts_are_refused_in_a_known_order_and_kept_at_the_second() -> None:
    box = mailbox(ReceiverOptions(unavailable_every=4, busy_at=2, too_late_at=3))
    answers = [box.take(signed(f"m{no}"), BODY, now=NOW) for no in range(1, 6)]
    assert answers == [
        ReceiverAnswer.UNAVAILABLE,
        ReceiverAnswer.BUSY,
        ReceiverAnswer.TOO_LATE,
        ReceiverAnswer.ACCEPTED,
        ReceiverAnswer.UNAVAILABLE,
    ]
    assert box.take(signed("m1"), BODY, now=NOW) is ReceiverAnswer.ACCEPTED
    assert box.take(signed("m2"), BODY, now=NOW) is ReceiverAnswer.ACCEPTED
    # The late answer reached nobody, but the message did arrive: its retry is a repeat.
    assert box.take(signed("m3"), BODY, now=NOW) is ReceiverAnswer.REPEAT
