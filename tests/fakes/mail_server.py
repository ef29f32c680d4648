"""A real SMTP server on loopback, in the loop of the test, with answers that the test chooses."""

import asyncio
import ssl
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "tocsin", "s3cret-of-the-relay"


@dataclass(frozen=True, kw_only=True)
class ReceivedMail:
    """A message that the server accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    was_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        parsed: Any = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass(kw_only=True)
class MailServer:
    """The server; `refused` recipients, and answers to a command instead of the usual one."""

    tls: ssl.SSLContext | None = None
    is_tls_from_the_start: bool = False
    requires_login: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 2.0.0 accepted"
    sender_answer: str | None = None
    hangs: bool = False
    resets: bool = False
    received: list[ReceivedMail] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _never: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> "MailServer":
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol,
            "127.0.0.1",
            0,
            ssl=self.tls if self.is_tls_from_the_start else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        self._never.set()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def _protocol(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # It does not know that TLS began before it.
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return SMTP(
                self,
                hostname="mail.bank.com",
                tls_context=None if self.is_tls_from_the_start else self.tls,
                require_starttls=self.tls is not None and not self.is_tls_from_the_start,
                auth_required=self.requires_login,
                auth_require_tls=not self.is_tls_from_the_start,
                authenticator=_authenticate,
                enable_SMTPUTF8=False,
            )

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hangs:
            await self._never.wait()
        if self.resets:
            server.transport.abort()
        if self.sender_answer is not None:
            return self.sender_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender accepted"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient accepted"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.received.append(
                ReceivedMail(
                    sender=str(envelope.mail_from),
                    recipients=tuple(envelope.rcpt_tos),
                    content=envelope.content,
                    was_encrypted=session.ssl is not None or self.is_tls_from_the_start,
                )
            )
        return self.data_answer


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    is_known = data == LoginPassword(login=USER.encode(), password=PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)
