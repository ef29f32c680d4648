"""Mail to people of the directory, and what bounds an endpoint, on the real database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.alerts.delivery.adapters.digest_rows import PostgresDigestRows
from services.alerts.delivery.adapters.directory_mailboxes import DirectoryMailboxes
from services.alerts.delivery.adapters.member_rights import MemberRights
from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.application.digests import PlannedDigest
from services.alerts.delivery.application.judged_channel import JudgedChannel
from services.alerts.delivery.application.read_models import DeliveryFilters
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    ResultCode,
    Retry,
)
from services.alerts.directory.domain.member import Member
from services.alerts.directory.domain.organisation import BANK_CALENDAR, Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import Level, RiskState
from tests.fakes.assessments import assessment, contributor
from tests.integration.alerts.conftest import Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
HARD = contributor("R-02", Level.HARD, 60.0)


def member(person_id: str, *roles: str, **wanted: object) -> Member:
    return Member(
        person_id=person_id,
        display_name=person_id,
        roles=frozenset(roles),
        calendar=BANK_CALENDAR,
        **wanted,  # type: ignore[arg-type]
    )


def bank(*members: Member) -> Organisation:
    return Organisation(
        version=1,
        members={each.person_id: each for each in members},
        queues={},
        branches={},
        teams={},
        calendars={BANK_CALENDAR: WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))},
        default_calendar=BANK_CALENDAR,
    )


ANNA = member("anna", "OFFICER", officer_id="o-7", email="anna@bank.com")
RITA = member("rita", "RISK", email="rita@bank.com")
OTTO = member("otto", "OFFICER", officer_id="o-9", email="otto@bank.com")


class Channels:
    """Records what is sent; `fails` makes every attempt fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.sent: list[ChannelMessage] = []

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        self.sent.append(message)
        if self.fails:
            return Retry(report=AttemptReport(code=ResultCode.SERVER_ERROR))
        return Delivered(report=AttemptReport(code=ResultCode.DELIVERED))


async def waiting(desk: Desk) -> Sequence[tuple[str, bool]]:
    """Return to whom deliveries go, and whether each waits for later."""
    rows = await desk.pool.fetch(
        "SELECT recipient_id, due_at > now() AS waits FROM alerts.webhook_delivery"
        " ORDER BY delivery_id"
    )
    return [(row["recipient_id"], row["waits"]) for row in rows]


async def test_a_step_is_mailed_to_its_owner_under_an_id_of_its_own(desk: Desk) -> None:
    desk.directory.organisation = bank(ANNA)
    await desk.endpoint("directory:responsible", format="email")
    await desk.endpoint()
    await desk.assess(assessment(RiskState.WATCH, RED))
    channels = Channels()
    await desk.dispatcher(channels).turn()
    [mail] = [each for each in channels.sent if each.address.recipient_id == "anna"]
    [hook] = [each for each in channels.sent if each.address.recipient_id is None]
    assert mail.message_id.startswith(f"{hook.message_id}_")
    page = await desk.deliveries.list_deliveries(DeliveryFilters())
    assert {item.recipient_id for item in page.items} == {"anna", None}


async def test_without_a_responsible_person_nothing_is_mailed(desk: Desk) -> None:
    await desk.endpoint("directory:responsible", format="email")
    await desk.assess(assessment(RiskState.WATCH, RED))
    assert await waiting(desk) == []


async def test_a_hard_trigger_takes_along_what_waited_for_the_morning(desk: Desk) -> None:
    desk.directory.organisation = bank(ANNA)
    # By the database's clock the opening is in the future only if the desk's clock is ahead of it.
    desk.clock.advance((datetime(2099, 1, 1, 22, tzinfo=UTC) - desk.clock.now()).total_seconds())
    await desk.endpoint("directory:responsible", format="email")
    await desk.assess(assessment(RiskState.WATCH, RED))
    assert await waiting(desk) == [("anna", True)]
    await desk.assess(assessment(RiskState.DEFAULT, HARD, sequence=2, days_later=1))
    assert {waits for person, waits in await waiting(desk) if person == "anna"} == {False}


@pytest.mark.parametrize(
    ("person", "refusal"),
    [("rita", None), ("anna", None), ("otto", "otto may not see borrower b-1 now")],
)
async def test_the_rights_of_the_owner_decide_when_it_is_sent(
    desk: Desk, person: str, refusal: str | None
) -> None:
    desk.directory.organisation = bank(ANNA, RITA, OTTO)
    await desk.endpoint(owner_id=person)
    await desk.assess(assessment(RiskState.WATCH, RED))
    rights = DirectoryMailboxes(
        desk.directory, rights=MemberRights(desk.pool, clock=desk.clock), clock=desk.clock
    )
    channels = Channels()
    await desk.dispatcher(JudgedChannel(channels, rights=rights)).turn()
    assert len(channels.sent) == (refusal is None)
    [row] = await desk.pool.fetch("SELECT error FROM alerts.delivery_attempt")
    assert row["error"] == refusal


async def test_a_resend_follows_the_rights_of_now(desk: Desk) -> None:
    desk.directory.organisation = bank(ANNA)
    await desk.endpoint(owner_id="anna")
    await desk.assess(assessment(RiskState.WATCH, RED))
    rights = DirectoryMailboxes(
        desk.directory, rights=MemberRights(desk.pool, clock=desk.clock), clock=desk.clock
    )
    channels = Channels()
    dispatcher = desk.dispatcher(JudgedChannel(channels, rights=rights))
    await dispatcher.turn()
    assert len(channels.sent) == 1
    desk.directory.organisation = bank(RITA)
    page = await desk.deliveries.list_deliveries(DeliveryFilters())
    await desk.deliveries.resend_one(page.items[0].delivery_id)
    assert await dispatcher.turn() == 1
    assert len(channels.sent) == 1


async def borrowers(desk: Desk, count: int) -> None:
    await desk.never_storm()
    await desk.assess(
        *(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(count))
    )


async def test_an_endpoint_gets_no_more_at_once_than_it_allows(desk: Desk) -> None:
    await desk.endpoint(max_concurrent=3)
    await borrowers(desk, 8)
    minute = timedelta(minutes=1)
    first = await desk.queue.claim(lease=minute, lease_token="a", slots={}, default_slots=9)
    other = await desk.queue.claim(lease=minute, lease_token="b", slots={}, default_slots=9)
    assert (len(first), len(other)) == (3, 0)
    # The leases of a process that died end.
    await desk.advance(2 * minute)
    again = await desk.queue.claim(lease=minute, lease_token="b", slots={}, default_slots=9)
    assert len(again) == 3


async def test_an_endpoint_gets_no_more_in_a_minute_than_it_allows(desk: Desk) -> None:
    """Six a minute: one now, and one every ten seconds."""
    await desk.endpoint(max_per_minute=6)
    await borrowers(desk, 8)
    minute, counts = timedelta(minutes=1), []
    for token in ("a", "b", "c", "d"):
        claimed = await desk.queue.claim(lease=minute, lease_token=token, slots={}, default_slots=9)
        counts.append(len(claimed))
        await desk.pool.execute(
            "UPDATE alerts.webhook_endpoint SET paced_until = paced_until - interval '5 s'"
        )
    assert counts == [1, 0, 1, 0]


async def test_a_failing_endpoint_is_reported_once_on_another_one(desk: Desk) -> None:
    # Of no branch, so that it gets notices only.
    operations = await desk.endpoint("http://127.0.0.1:9/operations", branch_ids=("none",))
    await desk.endpoint(notice_endpoint_id=operations.endpoint.endpoint_id)
    await borrowers(desk, 7)
    await desk.dispatcher(Channels(fails=True)).turn()
    channels = Channels()
    while await desk.dispatcher(channels, name="second").turn():
        pass
    notices = [each for each in channels.sent if each.event_type == "webhook.failing.v1"]
    assert len(notices) == 1
    assert notices[0].address.target.endswith("/operations")
    texts = notices[0].document["texts"]
    assert set(texts) == {"en", "es", "zh"}


async def test_a_disabled_endpoint_is_reported_on_another_one(desk: Desk) -> None:
    operations = await desk.endpoint("http://127.0.0.1:9/operations")
    broken = await desk.endpoint(notice_endpoint_id=operations.endpoint.endpoint_id)
    assert await desk.queue.disable(broken.endpoint.endpoint_id, reason="only failures")
    assert not await desk.queue.disable(broken.endpoint.endpoint_id, reason="only failures")
    channels = Channels()
    await desk.dispatcher(channels).turn()
    [notice] = channels.sent
    assert notice.event_type == "webhook.disabled.v1"
    assert notice.document["headline"].endswith("gets no messages: only failures")


async def test_a_mailbox_gets_one_digest_a_day_whoever_plans_it(desk: Desk) -> None:
    shared = await desk.endpoint("mailto:desk@bank.com", format="email")
    digest = PlannedDigest(
        endpoint_id=shared.endpoint.endpoint_id,
        recipient_id=None,
        day=date(2026, 3, 2),
        document={"headline": "2 March 2026", "borrowers": []},
    )
    assert [await PostgresDigestRows(desk.pool).add(digest) for _ in range(2)] == [True, False]
    channels = Channels()
    assert await desk.dispatcher(channels).turn() == 1
    [mail] = channels.sent
    assert mail.event_type == "alert.digest.v1"
    assert mail.message_id == f"msg_digest-{shared.endpoint.endpoint_id}-2026-03-02"


async def test_a_notice_endpoint_must_exist(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="there is no webhook endpoint nowhere"):
        await desk.endpoint(notice_endpoint_id="nowhere")
