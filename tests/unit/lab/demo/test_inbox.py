"""The inbox over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from lab.demo.inbox import Inbox
from lab.demo.mailbox import Mailbox, ReceiverOptions

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox(
        Mailbox(
            secret=SECRET, options=ReceiverOptions(unavailable_every=2, busy_at=2, too_late_at=None)
        )
    )
    box.start()
    yield box
    box.stop()


def post(inbox: Inbox, webhook_id: str, words: str = "Receipts fell") -> httpx2.Response:
    body = f'{{"type":"alert.opened.v1","data":{{"headline":"{words}"}}}}'
    now = datetime.now(UTC)
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(webhook_id, now, body),
    }
    return httpx2.post(inbox.webhook_url, content=body.encode(), headers=headers)


def test_it_refuses_at_first_and_keeps_the_retry(inbox: Inbox) -> None:
    assert post(inbox, "m1").status_code == 503
    busy = post(inbox, "m2")
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")
    assert post(inbox, "m1").status_code == 204
    shown = httpx2.get(f"{inbox.url}messages.json").json()
    assert (shown["attempts"], shown["kept"], shown["refused"]) == (3, 1, 2)
    assert shown["messages"][0]["webhook_id"] == "m1"


def test_an_unsigned_message_is_refused(inbox: Inbox) -> None:
    assert httpx2.post(inbox.webhook_url, content=b"{}").status_code == 401


def test_the_page_shows_words_and_never_markup_from_outside(inbox: Inbox) -> None:
    post(inbox, "m1", words="<script>alert(1)</script>")
    post(inbox, "m1", words="<script>alert(1)</script>")
    page = httpx2.get(inbox.url).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
