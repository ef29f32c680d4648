"""What every channel does for the dispatcher: each format of the registry, on a real receiver.

A new channel adds its receiver to `RECEIVERS`; the scenarios are the same for all.
"""

import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.delivery.adapters.channels.http_poster import HttpPoster
from services.alerts.delivery.adapters.channels.mail import MailChannel
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry, PayloadFormat
from services.alerts.delivery.adapters.channels.smtp import SmtpSender
from services.alerts.delivery.adapters.directory_mailboxes import DirectoryMailboxes
from services.alerts.delivery.adapters.member_rights import MemberRights
from services.alerts.delivery.application.channel import Address, Channel, ChannelMessage
from services.alerts.delivery.domain.address_policy import LOOPBACK, AddressPolicy
from services.alerts.delivery.domain.attempt import AttemptResult, Delivered, Gone, Retry
from services.alerts.delivery.domain.smtp_server import SmtpSecurity, SmtpServer
from services.alerts.directory.application.organisations import FixedOrganisation
from services.alerts.directory.domain.organisation import EMPTY
from tests.fakes import receiver as answers
from tests.fakes.clock import ManualClock
from tests.fakes.mail_server import MailServer
from tests.fakes.receiver import Receiver

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "whsec_" + "QUFB" * 8
PRIVATE = "10.0.0.8"
POLICY = AddressPolicy(allowed_networks=LOOPBACK, allows_http=True, allows_any_port=True)
DOCUMENT = {
    "alert_id": "a-1",
    "borrower_id": "b-1",
    "severity": "HIGH",
    "state": "WATCH",
    "headline": "b-1 is in state watch",
    "owner": {"id": "officer-7"},
    "deadlines": {"act_by": "2026-03-05T17:00:00+00:00"},
    "news": [],
    "texts": {"en": {"headline": "b-1 is in state watch", "why": [], "reasons": [], "actions": []}},
    "reasons": [],
    "actions": [],
    "outcome_code": None,
}


class HttpReceiver:
    """The receiver of every channel that posts over HTTP; it names the pause that it wants."""

    names_its_pause = True

    def __init__(self) -> None:
        self._http = Receiver()

    async def start(self) -> None:
        await self._http.start()

    async def stop(self) -> None:
        await self._http.stop()

    def address(self, format: PayloadFormat) -> Address:
        return Address(format=format, language="en", target=self._http.url, secrets=(SECRET,))

    def address_inside(self, format: PayloadFormat) -> Address:
        """Return an address whose name resolves to a private network."""
        target = "https://inside.bank.com/"
        return Address(format=format, language="en", target=target, secrets=(SECRET,))

    def wants_a_pause(self, pause: timedelta) -> None:
        self._http.replies = [answers.status(429, f"retry-after: {pause.seconds}")]

    def is_gone(self) -> None:
        self._http.replies = [answers.status(410)]

    def breaks_the_connection(self) -> None:
        self._http.replies = [answers.reset]

    def never_answers(self) -> None:
        self._http.replies = [answers.hang]

    def answers_nonsense(self) -> None:
        self._http.replies = [answers.status(500, body=b"\x00\xff" * 20_000)]

    def received(self) -> list[tuple[str, bytes]]:
        """Return the id and the body of each message."""
        return [(got.headers["webhook-id"], got.body) for got in self._http.received]

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return the address of a host, as a name server would."""
        return [PRIVATE] if host == "inside.bank.com" else [host]


class MailReceiver:
    """A mailbox on the bank's relay; SMTP cannot name a pause."""

    names_its_pause = False

    def __init__(self) -> None:
        self._relay = MailServer()
        self._address = "127.0.0.1"

    @property
    def server(self) -> SmtpServer:
        return SmtpServer(
            host="mail.bank.com",
            port=self._relay.port,
            security=SmtpSecurity.NONE,
            user="",
            password="",
            sender="tocsin@bank.com",
        )

    async def start(self) -> None:
        await self._relay.start()

    async def stop(self) -> None:
        await self._relay.stop()

    def address(self, format: PayloadFormat) -> Address:
        target = "mailto:desk@bank.com"
        return Address(format=format, language="en", target=target, secrets=(SECRET,))

    def address_inside(self, format: PayloadFormat) -> Address:
        """Return a mailbox whose relay resolves to a private network that nobody named."""
        self._address = PRIVATE
        return self.address(format)

    def wants_a_pause(self, _pause: timedelta) -> None:
        self._relay.data_answer = "452 4.3.1 no storage"

    def is_gone(self) -> None:
        self._relay.refused["desk@bank.com"] = "550 5.1.1 no such user"

    def breaks_the_connection(self) -> None:
        self._relay.resets = True

    def never_answers(self) -> None:
        self._relay.hangs = True

    def answers_nonsense(self) -> None:
        self._relay.data_answer = "451 " + "x\x01" * 200

    def received(self) -> list[tuple[str, bytes]]:
        """Return the id and the body of each message."""
        return [
            (str(mail.message["Message-ID"]).strip("<>").partition("@")[0], mail.content)
            for mail in self._relay.received
        ]

    async def resolve(self, _host: str, _port: int) -> Sequence[str]:
        """Return the address of the relay, as a name server would."""
        return [self._address]


RECEIVERS = {
    PayloadFormat.STANDARD: HttpReceiver,
    PayloadFormat.SLACK: HttpReceiver,
    PayloadFormat.TEAMS: HttpReceiver,
    PayloadFormat.EMAIL: MailReceiver,
}
AnyReceiver = HttpReceiver | MailReceiver


@pytest.fixture(params=list(PayloadFormat))
def format(request: pytest.FixtureRequest) -> PayloadFormat:
    chosen: PayloadFormat = request.param
    return chosen


@pytest.fixture
async def receiver(format: PayloadFormat) -> AsyncIterator[AnyReceiver]:
    started = RECEIVERS[format]()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def channel(receiver: AnyReceiver) -> AsyncIterator[Channel]:
    clock = ManualClock(NOW)
    poster = HttpPoster(
        policy=POLICY,
        ssl_context=ssl.create_default_context(),
        deadline_seconds=1.0,
        resolver=receiver.resolve,
    )
    mail = mail_channel(receiver, clock) if isinstance(receiver, MailReceiver) else None
    yield ChannelRegistry(poster=poster, clock=clock, policy=POLICY, mail=mail)
    await poster.close()


def mail_channel(receiver: MailReceiver, clock: ManualClock) -> MailChannel:
    sender = SmtpSender(
        receiver.server,
        policy=POLICY,
        ssl_context=ssl.create_default_context(),
        deadline_seconds=1.0,
        resolver=receiver.resolve,
    )
    return MailChannel(
        sender=sender,
        from_address=receiver.server.sender,
        mailboxes=DirectoryMailboxes(
            FixedOrganisation(EMPTY), rights=MemberRights(None, clock=clock), clock=clock
        ),
    )


def message(address: Address) -> ChannelMessage:
    return ChannelMessage(
        message_id="msg_a-1-1",
        event_type="alert.opened.v1",
        at=NOW,
        document=DOCUMENT,
        link="https://tocsin.bank.com/borrowers/b-1",
        address=address,
    )


def is_loggable(result: AttemptResult) -> bool:
    """Return whether the delivery log accepts the report."""
    report = result.report
    texts = (report.error or "", report.response)
    return len(report.response) <= 16_384 and not any("\x00" in text for text in texts)


def test_every_format_has_a_receiver() -> None:
    assert set(RECEIVERS) == set(PayloadFormat)


async def test_a_message_arrives_and_a_repetition_is_recognised(
    channel: Channel, receiver: AnyReceiver, format: PayloadFormat
) -> None:
    for _ in range(2):
        assert isinstance(await channel.deliver(message(receiver.address(format))), Delivered)
    first, second = receiver.received()
    assert first == second
    assert first[0] == "msg_a-1-1"
    assert "b-1 is in state watch" in first[1].decode()


async def test_a_receiver_that_wants_a_pause_gets_it(
    channel: Channel, receiver: AnyReceiver, format: PayloadFormat
) -> None:
    receiver.wants_a_pause(timedelta(seconds=200))
    result = await channel.deliver(message(receiver.address(format)))
    assert isinstance(result, Retry)
    after = timedelta(seconds=200) if receiver.names_its_pause else None
    assert (result.after, result.is_overloaded) == (after, True)


async def test_a_receiver_that_no_longer_exists_is_gone(
    channel: Channel, receiver: AnyReceiver, format: PayloadFormat
) -> None:
    receiver.is_gone()
    result = await channel.deliver(message(receiver.address(format)))
    assert isinstance(result, Gone)
    assert result.reason


@pytest.mark.parametrize("failure", ["breaks_the_connection", "never_answers", "answers_nonsense"])
async def test_a_failure_is_a_result_that_the_log_accepts(
    channel: Channel, receiver: AnyReceiver, format: PayloadFormat, failure: str
) -> None:
    getattr(receiver, failure)()
    result = await channel.deliver(message(receiver.address(format)))
    assert isinstance(result, Retry)
    assert is_loggable(result)
    assert result.report.error or result.report.response


async def test_an_address_inside_is_never_dialled(
    channel: Channel, receiver: AnyReceiver, format: PayloadFormat
) -> None:
    result = await channel.deliver(message(receiver.address_inside(format)))
    assert isinstance(result, Retry)
    assert PRIVATE in (result.report.error or "")
    assert receiver.received() == []
