"""The mail relay of the demo over real SMTP."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import httpx2
import pytest

from lab.demo.inbox import Inbox
from lab.demo.mail_server import MailServer
from lab.demo.mailbox import Mailbox


@pytest.fixture
def relay() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


def send(relay: MailServer, to: str, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@bank.example", to, subject
    message.set_content("Act by Friday. <b>")
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        client.send_message(message)


def test_mail_of_the_bank_is_stored_and_shown_as_text(relay: MailServer) -> None:
    send(relay, "wei@bank.example", "关注 B00001")
    send(relay, "ana@bank.example", "Watch B00002")
    assert [mail.subject for mail in relay.mails] == ["Watch B00002", "关注 B00001"]
    assert relay.counts == {"ana": 1, "wei": 1}
    box = Inbox(Mailbox(), mail_server=relay)
    box.start()
    try:
        page = httpx2.get(f"{box.url}mail").text
    finally:
        box.stop()
    assert "关注 B00001" in page
    assert "Act by Friday. &lt;b&gt;" in page


def test_mail_to_another_bank_is_refused(relay: MailServer) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(relay, "someone@elsewhere.example", "no")
    assert not relay.mails
