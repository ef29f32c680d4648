"""The e-mail channel: one message in text and HTML, in the language of who reads it.

Mail is thin: the borrower's id, the state, the deadline, the next steps and one link to the card.
No cause and no figure is in it, because mail is stored and forwarded outside of the bank's rights.
The link is a GET and changes nothing. The message is the same at every attempt: its id, its date
and its bytes follow from the step alone. To whom it goes is judged at every attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Final, Protocol

from services.alerts.delivery.adapters.channels.message_words import MessageWords, inert
from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.application.mailboxes import Mailboxes
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Gone,
    Rejected,
    ResultCode,
)
from services.alerts.delivery.domain.mailbox import MailAddress, NoMailbox, shared_address

_POLICY: Final = SMTP.clone(cte_type="7bit")


class MailSender(Protocol):
    """Sends a message to one recipient; what the server does is a result, never an exception."""

    async def send(self, message: bytes, *, recipient: str) -> AttemptResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """The words of a message: plain lines, of which `items` are a list."""

    subject: str
    lines: Sequence[str]
    items: Sequence[str]
    link_text: str
    footer: str


class MailChannel:
    """Renders messages and sends each to one mailbox."""

    def __init__(self, *, sender: MailSender, from_address: str, mailboxes: Mailboxes) -> None:
        self._sender = sender
        self._from_address = from_address
        self._mailboxes = mailboxes

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Sends a message to the mailbox that its address means now."""
        mailbox = await self._mailbox(message)
        if isinstance(mailbox, NoMailbox):
            report = AttemptReport(code=ResultCode.NOT_ADDRESSED, error=mailbox.reason)
            return Rejected(report=report, reason=mailbox.reason)
        content = render(message, mailbox=mailbox, from_address=self._from_address)
        result = await self._sender.send(content, recipient=mailbox.address)
        if isinstance(result, Gone) and message.address.recipient_id is not None:
            # The endpoint serves other people too.
            return Rejected(report=result.report, reason=result.reason)
        return result

    async def _mailbox(self, message: ChannelMessage) -> MailAddress | NoMailbox:
        address = message.address
        if address.recipient_id is not None:
            return await self._mailboxes.find(address.recipient_id, message)
        shared = shared_address(address.target)
        if shared is None:
            return NoMailbox(reason="the directory names nobody who is responsible")
        return MailAddress(address=shared, language=address.language)


def render(message: ChannelMessage, *, mailbox: MailAddress, from_address: str) -> bytes:
    """Returns the bytes of a message."""
    words = MessageWords(message, language=mailbox.language)
    text = MailText(
        subject=words.thin_title,
        lines=[line for line in (words.thin_title, words.document["deadline"]) if line],
        items=[*words.document["actions"], *words.borrowers],
        link_text=words.open_card,
        footer=words.footer,
    )
    domain = from_address.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = from_address
    mail["To"] = mailbox.address
    mail["Subject"] = " ".join(text.subject.split())
    mail["Date"] = format_datetime(message.at.astimezone(UTC))
    mail["Message-ID"] = f"<{message.message_id}@{domain}>"
    if alert_id := message.document.get("alert_id"):
        # Mail of one alert is one thread.
        mail["References"] = f"<alert.{alert_id}@{domain}>"
    mail["List-Id"] = f"<alerts.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_plain(text, message.link))
    mail.add_alternative(_html(text, message.link, mailbox.language), subtype="html")
    # Drawn at random otherwise, so that no two attempts would be the same bytes.
    mail.set_boundary(f"=_{sha256(message.message_id.encode()).hexdigest()[:32]}")
    return mail.as_bytes()


def _plain(text: MailText, link: str) -> str:
    lines = [
        *map(inert, text.lines),
        *(f"- {inert(item)}" for item in text.items),
        f"{text.link_text}: {link}",
        text.footer,
    ]
    return "\n\n".join(lines) + "\n"


def _html(text: MailText, link: str, language: str) -> str:
    lines = "".join(f"<p>{escape(inert(line))}</p>" for line in text.lines)
    items = "".join(f"<li>{escape(inert(item))}</li>" for item in text.items)
    return (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(inert(text.subject))}</title></head><body>{lines}"
        f"{f'<ul>{items}</ul>' if items else ''}"
        f'<p><a href="{escape(link)}">{escape(text.link_text)}</a></p>'
        f"<p>{escape(text.footer)}</p></body></html>\n"
    )
