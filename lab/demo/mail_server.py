"""The mail relay of the demo's bank: a small real SMTP server whose mailboxes the inbox shows.

It runs in a thread of its own on a free port of the loopback interface, and takes mail for the
bank's own domain only, as a relay does. Invariant: every mail that it accepted is stored and shown.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.stack.ports import LOOPBACK, free_ports

DOMAIN = "bank.example"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its recipient reads it."""

    recipient: str
    subject: str
    text: str
    sent: str


class MailServer:
    """The relay: start it, read `mails`, stop it."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        (self.port,) = free_ports(1)
        self._controller = Controller(
            self, hostname=LOOPBACK, port=self.port, server_hostname=f"mail.{DOMAIN}"
        )

    @property
    def mails(self) -> Sequence[Mail]:
        """Return the accepted mails, the newest first."""
        return self._mails[::-1]

    @property
    def counts(self) -> Counter[str]:
        """Return how many mails each person got."""
        return Counter(mail.recipient.split("@")[0] for mail in self._mails)

    def start(self) -> None:
        """Listen; returns when it answers."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient of the bank, as aiosmtpd asks."""
        if not address.endswith(f"@{DOMAIN}"):
            return "550 5.7.1 not relayed"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient accepted"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store a mail, as aiosmtpd asks."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self._mails.append(_read(message, recipient))
        return "250 2.0.0 accepted"


def _read(message: object, recipient: str) -> Mail:
    assert isinstance(message, EmailMessage)
    body = message.get_body(preferencelist=("plain",))
    return Mail(
        recipient=recipient,
        subject=str(message["Subject"] or ""),
        text="" if body is None else str(body.get_content()),
        sent=str(message["Date"] or ""),
    )
