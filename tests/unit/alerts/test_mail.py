"""E-mail on a real SMTP server: who receives what, encrypted, and what each answer means."""

import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.domain.event_document import event_document
from services.alerts.delivery.adapters.channels.mail import MailChannel
from services.alerts.delivery.adapters.channels.registry import PayloadFormat
from services.alerts.delivery.adapters.channels.smtp import SmtpSender
from services.alerts.delivery.adapters.directory_mailboxes import DirectoryMailboxes
from services.alerts.delivery.application.channel import Address, ChannelMessage
from services.alerts.delivery.domain.address_policy import LOOPBACK, AddressPolicy
from services.alerts.delivery.domain.attempt import (
    AttemptResult,
    Delivered,
    Gone,
    Rejected,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.mailbox import shared_address
from services.alerts.delivery.domain.smtp_server import SmtpSecurity, SmtpServer
from services.alerts.directory.application.organisations import FixedOrganisation
from services.alerts.directory.domain.member import Member
from services.alerts.directory.domain.organisation import BANK_CALENDAR, Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.settings import AlertsSettings
from tests.fakes.certificates import tls_pair
from tests.fakes.clock import ManualClock
from tests.fakes.mail_server import PASSWORD, USER, MailServer, ReceivedMail
from tests.unit.alerts.test_payload import ALERT, CHANGE, LINK

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RELAY = "mail.bank.com"
OPEN = AddressPolicy(allowed_networks=LOOPBACK)


def member(person_id: str, **wanted: object) -> Member:
    return Member(
        person_id=person_id,
        display_name=person_id.title(),
        roles=frozenset({"OFFICER"}),
        calendar=BANK_CALENDAR,
        **wanted,  # type: ignore[arg-type]
    )


MEMBERS = (
    member("anna", email="anna@bank.com", language="es"),
    member("bert", email="bert@bank.com", left_on=datetime(2026, 3, 2, tzinfo=UTC).date()),
    member("carl"),
)
ORGANISATION = Organisation(
    version=1,
    members={each.person_id: each for each in MEMBERS},
    queues={},
    branches={},
    teams={},
    calendars={BANK_CALENDAR: WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))},
    default_calendar=BANK_CALENDAR,
)


@dataclass(kw_only=True)
class Relay:
    """The bank's relay and a channel that uses it."""

    server: MailServer
    trusted: ssl.SSLContext
    security: SmtpSecurity = SmtpSecurity.NONE
    password: str = PASSWORD
    address: str = "127.0.0.1"
    policy: AddressPolicy = OPEN
    seen_by: frozenset[str] = frozenset({"anna", "bert", "carl"})

    async def sees(self, member: Member, borrower_id: str) -> bool:
        assert borrower_id == "b-1"
        return member.person_id in self.seen_by

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        assert (host, port) == (RELAY, self.server.port)
        return [self.address]

    async def deliver(
        self, target: str = "mailto:desk@bank.com", *, recipient_id: str | None = None
    ) -> AttemptResult:
        server = SmtpServer(
            host=RELAY,
            port=self.server.port,
            security=self.security,
            user=USER if self.server.requires_login else "",
            password=self.password,
            sender="tocsin@bank.com",
        )
        sender = SmtpSender(
            server,
            policy=self.policy,
            ssl_context=self.trusted,
            resolver=self.resolve,
            deadline_seconds=1.0 if self.server.hangs else 15.0,
        )
        mailboxes = DirectoryMailboxes(
            FixedOrganisation(ORGANISATION), rights=self, clock=ManualClock(NOW)
        )
        channel = MailChannel(sender=sender, from_address=server.sender, mailboxes=mailboxes)
        return await channel.deliver(message(target, recipient_id=recipient_id))

    def only(self) -> ReceivedMail:
        [mail] = self.server.received
        return mail


def message(target: str, *, recipient_id: str | None = None) -> ChannelMessage:
    return ChannelMessage(
        message_id=f"msg_{CHANGE.event_id}",
        event_type=CHANGE.kind.value,
        at=NOW,
        document=event_document(CHANGE),
        link=LINK,
        address=Address(
            format=PayloadFormat.EMAIL,
            language="en",
            target=target,
            secrets=(),
            recipient_id=recipient_id,
        ),
    )


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    context, trusted = tls_pair(tmp_path, name=RELAY)
    started = await MailServer().start()
    started.tls = context
    yield Relay(server=started, trusted=trusted)
    await started.stop()


async def test_who_may_no_longer_see_the_borrower_gets_nothing(relay: Relay) -> None:
    relay.seen_by = frozenset()
    result = await relay.deliver("directory:responsible", recipient_id="anna")
    assert isinstance(result, Rejected)
    assert result.reason == "anna may not see borrower b-1 now"
    assert relay.server.connections == 0


async def test_a_shared_mailbox_receives_text_and_html_with_one_link(relay: Relay) -> None:
    relay.server.tls = None
    assert isinstance(await relay.deliver(), Delivered)
    mail = relay.only()
    assert (mail.sender, mail.recipients) == ("tocsin@bank.com", ("desk@bank.com",))
    assert mail.message["Subject"] == "🔴 b-1 is in state high risk [opened]"
    assert mail.message["Message-ID"] == f"<msg_{CHANGE.event_id}@bank.com>"
    assert mail.message["List-Id"] == "<alerts.bank.com>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["References"] == f"<alert.{ALERT.alert_id}@bank.com>"
    plain, html = (part.get_content() for part in mail.message.iter_parts())
    for text in (plain, html):
        assert "Owner o-7, act by 5 March 2026, 09:00 UTC" in text
        assert "Call the borrower about the overdue amount (loan officer, by 3 March 2026)" in text
        assert text.count(LINK) == 1
    assert f'<a href="{LINK}">Open the warning card</a>' in html


async def test_mail_names_no_cause_and_no_figure(relay: Relay) -> None:
    relay.server.tls = None
    await relay.deliver()
    text = relay.only().message.as_string()
    assert "34 days" not in text
    assert "<!channel>" not in text
    assert str(ALERT.score) not in text


async def test_two_attempts_are_the_same_bytes(relay: Relay) -> None:
    relay.server.tls = None
    for _ in range(2):
        await relay.deliver()
    first, second = (mail.content for mail in relay.server.received)
    assert first == second


async def test_a_person_receives_it_in_the_own_language(relay: Relay) -> None:
    relay.server.tls = None
    result = await relay.deliver("directory:responsible", recipient_id="anna")
    assert isinstance(result, Delivered)
    assert relay.only().recipients == ("anna@bank.com",)
    assert relay.only().message["Subject"] == "🔴 b-1 está en el estado «riesgo alto» [abierta]"


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ("bert", "bert has left"),
        ("carl", "the directory has no address of carl"),
        ("dora", "the directory has no person dora"),
        (None, "the directory names nobody who is responsible"),
    ],
)
async def test_who_has_no_mailbox_gets_nothing(
    relay: Relay, person: str | None, reason: str
) -> None:
    result = await relay.deliver("directory:responsible", recipient_id=person)
    assert isinstance(result, Rejected)
    assert (result.reason, result.report.code) == (reason, ResultCode.NOT_ADDRESSED)
    assert relay.server.connections == 0


@pytest.mark.parametrize(
    ("answer", "kind", "code", "pauses"),
    [
        ("550 5.7.1 not for you", Rejected, ResultCode.REFUSED, False),
        ("552 5.2.2 mailbox full", Rejected, ResultCode.REFUSED, False),
        ("550 5.1.1 no such user", Gone, ResultCode.REFUSED, False),
        ("450 4.2.0 greylisted", Retry, ResultCode.SERVER_ERROR, False),
        ("451 4.3.0 try later", Retry, ResultCode.SERVER_ERROR, False),
        ("452 4.3.1 no storage", Retry, ResultCode.OVERLOADED, True),
    ],
)
async def test_the_answer_to_a_recipient_decides(
    relay: Relay, answer: str, kind: type[AttemptResult], code: ResultCode, pauses: bool
) -> None:
    relay.server.tls = None
    relay.server.refused["desk@bank.com"] = answer
    result = await relay.deliver()
    assert isinstance(result, kind)
    assert (result.report.code, result.report.status_code) == (code, int(answer[:3]))
    assert getattr(result, "is_overloaded", False) is pauses
    assert answer[4:] in result.report.response


async def test_one_person_without_a_mailbox_disables_nothing(relay: Relay) -> None:
    relay.server.tls = None
    relay.server.refused["anna@bank.com"] = "550 5.1.1 no such user"
    result = await relay.deliver("directory:responsible", recipient_id="anna")
    assert isinstance(result, Rejected)
    assert result.reason == "the server has no such mailbox"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("554 5.6.0 spam", Rejected), ("451 4.3.0 try later", Retry), ("421 4.3.2 closing", Retry)],
)
async def test_the_answer_to_the_message_decides(
    relay: Relay, answer: str, kind: type[AttemptResult]
) -> None:
    relay.server.tls = None
    relay.server.data_answer = answer
    result = await relay.deliver()
    assert isinstance(result, kind)
    assert getattr(result, "is_overloaded", False) is answer.startswith("421")


async def test_a_refused_sender_may_be_repaired(relay: Relay) -> None:
    """It concerns every message of the bank, so nobody's message may be given up for it."""
    relay.server.tls = None
    relay.server.sender_answer = "553 5.7.1 not your address"
    result = await relay.deliver()
    assert isinstance(result, Retry)
    assert result.report.code is ResultCode.REFUSED


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_a_login_goes_over_tls_only(tmp_path: Path, security: SmtpSecurity) -> None:
    context, trusted = tls_pair(tmp_path, name=RELAY)
    server = MailServer(
        tls=context,
        requires_login=True,
        is_tls_from_the_start=security is SmtpSecurity.TLS,
    )
    await server.start()
    relay = Relay(server=server, trusted=trusted, security=security)
    assert isinstance(await relay.deliver(), Delivered)
    assert relay.only().was_encrypted
    relay.password = "wrong"
    result = await relay.deliver()
    assert isinstance(result, Retry)
    assert (result.report.code, result.report.status_code) == (ResultCode.REFUSED, 535)
    await server.stop()


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_the_certificate_must_be_for_the_name(tmp_path: Path, security: SmtpSecurity) -> None:
    context, trusted = tls_pair(tmp_path, name="other.bank.com")
    server = MailServer(tls=context, is_tls_from_the_start=security is SmtpSecurity.TLS)
    await server.start()
    result = await Relay(server=server, trusted=trusted, security=security).deliver()
    assert isinstance(result, Retry)
    assert result.report.code is ResultCode.UNREACHABLE
    assert server.received == []
    await server.stop()


async def test_a_server_without_starttls_gets_nothing(relay: Relay) -> None:
    relay.server.tls = None
    relay.security = SmtpSecurity.STARTTLS
    assert isinstance(await relay.deliver(), Retry)
    assert relay.server.received == []


async def test_plain_smtp_ends_at_the_networks_of_the_relay(relay: Relay) -> None:
    relay.address = "93.184.216.34"
    result = await relay.deliver()
    assert result.report.code is ResultCode.ADDRESS_DENIED


@pytest.mark.parametrize("address", ["10.0.0.8", "169.254.169.254", "::ffff:127.0.0.1"])
async def test_a_relay_inside_is_not_dialled_unless_it_is_named(relay: Relay, address: str) -> None:
    relay.address = address
    relay.security = SmtpSecurity.TLS
    result = await relay.deliver()
    assert isinstance(result, Retry)
    assert result.report.code is ResultCode.ADDRESS_DENIED
    relay.address, relay.policy = "127.0.0.1", AddressPolicy()
    assert (await relay.deliver()).report.code is ResultCode.ADDRESS_DENIED
    assert relay.server.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "mailto:",
        "mailto:desk",
        "mailto:desk@bank",
        "mailto:desk@bank.com?bcc=x@evil.com",
        "mailto:desk@bank.com,x@evil.com",
        "mailto:desk@bank.com\r\nBcc: x@evil.com",
        'mailto:"a b"@bank.com',
        "mailto:desk@[10.0.0.8]",
        "mailto:désk@bank.com",
        "mailto:desk@bank.com ",
        "desk@bank.com",
        "https://bank.com",
    ],
)
def test_a_target_that_is_no_plain_address_is_refused(target: str) -> None:
    assert shared_address(target) is None


KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


def test_a_relay_needs_a_sender_and_a_login_needs_tls() -> None:
    with pytest.raises(ValueError, match="SMTP_SENDER"):
        AlertsSettings(secret_key=KEY, smtp_host=RELAY)
    with pytest.raises(ValueError, match="SMTP_SECURITY"):
        AlertsSettings(
            secret_key=KEY,
            smtp_host=RELAY,
            smtp_sender="tocsin@bank.com",
            smtp_user=USER,
            smtp_security="none",
        )
