"""Sends one message to one recipient over SMTP, through the SSRF guard.

The server is the bank's own relay, named in the settings. Its name is resolved once, every address
is checked and exactly one of them is dialled; the certificate is checked against the name. One
deadline covers everything from resolving to the server's acceptance. Nothing that follows the
acceptance (the end of the session) changes the result.
"""

import asyncio
import ssl
from contextlib import suppress

import aiosmtplib

from services.alerts.delivery.adapters.name_resolver import CannotResolve, Resolve
from services.alerts.delivery.adapters.ssrf_guard import AddressDenied, connect_checked
from services.alerts.delivery.domain.address_policy import AddressPolicy
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    Gone,
    Rejected,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.smtp_server import SmtpSecurity, SmtpServer

_OVERLOADED = frozenset({421, 452})
# Enhanced status codes (RFC 3463) of a mailbox that does not exist or has moved.
_NO_SUCH_MAILBOX = ("5.1.1", "5.1.6", "5.1.10")


class SmtpSender:
    """Sends messages; every failure is a result."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        policy: AddressPolicy,
        ssl_context: ssl.SSLContext,
        resolver: Resolve,
        deadline_seconds: float = 15.0,
    ) -> None:
        self.server = server
        self._policy = policy
        self._ssl_context = ssl_context
        self._resolver = resolver
        self._deadline_seconds = deadline_seconds

    async def send(self, message: bytes, *, recipient: str) -> AttemptResult:
        """Sends a message once and returns the server's verdict on its one recipient."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._session(message, recipient)
        except AddressDenied as error:
            return _failed(ResultCode.ADDRESS_DENIED, str(error))
        except aiosmtplib.SMTPRecipientsRefused as error:
            [refused] = error.recipients
            return _recipient_refused(refused.code, refused.message)
        except aiosmtplib.SMTPDataError as error:
            return _message_refused(error.code, error.message)
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            return _failed(ResultCode.TIMED_OUT, f"no answer within {self._deadline_seconds:g} s")
        except aiosmtplib.SMTPResponseException as error:
            # Greeting, TLS, login, sender: what is wrong concerns every message.
            return _refused(error.code, error.message)
        except (aiosmtplib.SMTPException, CannotResolve, ssl.SSLError, OSError) as error:
            return _failed(ResultCode.UNREACHABLE, f"{type(error).__name__}: {error}")

    async def _session(self, message: bytes, recipient: str) -> AttemptResult:
        server = self.server
        connection = await connect_checked(
            server.host,
            server.port,
            policy=self._policy,
            only_allowed_networks=server.security is SmtpSecurity.NONE,
            resolver=self._resolver,
        )
        client = aiosmtplib.SMTP(
            hostname=server.host,
            sock=connection,
            local_hostname=server.domain,
            timeout=self._deadline_seconds,
            tls_context=self._ssl_context,
            use_tls=server.security is SmtpSecurity.TLS,
            start_tls=server.security is SmtpSecurity.STARTTLS,
        )
        try:
            await client.connect()
            if server.user:
                await client.login(server.user, server.password)
            _, answer = await client.sendmail(server.sender, [recipient], message)
            report = AttemptReport(
                code=ResultCode.DELIVERED, status_code=250, response=_log(answer)
            )
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            return Delivered(report=report)
        finally:
            client.close()


def _recipient_refused(code: int, answer: str) -> AttemptResult:
    if code < 500:
        return _refused(code, answer)
    report = AttemptReport(code=ResultCode.REFUSED, status_code=code, response=_log(answer))
    if answer.startswith(_NO_SUCH_MAILBOX):
        return Gone(report=report, reason="the server has no such mailbox")
    return Rejected(report=report, reason=f"the server refused the recipient with {code}")


def _message_refused(code: int, answer: str) -> AttemptResult:
    if code < 500:
        return _refused(code, answer)
    report = AttemptReport(code=ResultCode.REFUSED, status_code=code, response=_log(answer))
    return Rejected(report=report, reason=f"the server refused the message with {code}")


def _refused(code: int, answer: str) -> AttemptResult:
    """Returns the result of an answer after which another attempt may succeed."""
    if code in _OVERLOADED:
        result = ResultCode.OVERLOADED
    else:
        result = ResultCode.SERVER_ERROR if code < 500 else ResultCode.REFUSED
    report = AttemptReport(code=result, status_code=code, response=_log(answer))
    return Retry(report=report, is_overloaded=result is ResultCode.OVERLOADED)


def _failed(code: ResultCode, error: str) -> AttemptResult:
    return Retry(report=AttemptReport(code=code, error=_log(error)[:500]))


def _log(text: str) -> str:
    """Returns a text as the delivery log accepts it."""
    printable = (letter if letter.isprintable() or letter in "\n\t" else "·" for letter in text)
    return "".join(printable)[:16_384]
