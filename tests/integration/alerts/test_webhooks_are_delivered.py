"""Webhooks end to end: real database, real receiver on loopback, every way it can misbehave."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from services.alerts import metrics
from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.delivery.adapters.channels.http_poster import HttpPoster, HttpRequest
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.adapters.name_resolver import NameResolver
from services.alerts.delivery.application.channel import Channel, ChannelMessage
from services.alerts.delivery.application.read_models import DeliveryFilters
from services.alerts.delivery.domain.address_policy import LOOPBACK, AddressPolicy
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    ResultCode,
    Retry,
)
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import AlertEventKind, Level, RiskState, Severity
from services.kit.stream import faults
from tests.fakes import receiver as answers
from tests.fakes.assessments import assessment, contributor
from tests.fakes.receiver import Receiver
from tests.integration.alerts.conftest import DEVELOPMENT, RISK, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    started = await Receiver().start()
    yield started
    await started.stop()


@pytest.fixture
async def names() -> AsyncIterator[NameResolver]:
    opened = NameResolver()
    yield opened
    await opened.close()


@pytest.fixture
async def channel(desk: Desk, names: NameResolver) -> AsyncIterator[Channel]:
    poster = HttpPoster(
        policy=DEVELOPMENT, ssl_context=ssl.create_default_context(), resolver=names.resolve
    )
    yield ChannelRegistry(poster=poster, clock=desk.clock, policy=DEVELOPMENT)
    await poster.close()


@pytest.fixture
async def impatient(desk: Desk, names: NameResolver) -> AsyncIterator[Channel]:
    """For receivers that never answer; for all others a busy machine needs its time."""
    poster = HttpPoster(
        policy=DEVELOPMENT,
        ssl_context=ssl.create_default_context(),
        resolver=names.resolve,
        deadline_seconds=1.0,
    )
    yield ChannelRegistry(poster=poster, clock=desk.clock, policy=DEVELOPMENT)
    await poster.close()


async def statuses(desk: Desk) -> list[tuple[str, int, str | None]]:
    rows = await desk.pool.fetch("SELECT * FROM alerts.webhook_delivery ORDER BY feed_id")
    return [(row["status"], row["attempts"], row["last_result"]) for row in rows]


async def test_a_delivery_verifies_with_the_official_library_and_names_everything_needed(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    # The library compares with the machine's clock and has no way to be given another.
    desk.clock.advance((await _database_now(desk)) - desk.clock.now().timestamp())
    assert await desk.dispatcher(channel).turn() == 1
    [got] = receiver.received
    payload = Webhook(made.secret).verify(got.body, got.headers)
    assert payload["type"] == "alert.opened.v1"
    data = payload["data"]
    assert data["borrower_id"] == "b-1"
    assert data["reasons"][0]["evidence_event_ids"] == ["core-bank/e-1"]
    assert data["actions"]
    assert data["deadlines"]["act_by"]
    assert data["links"]["card"] == "https://tocsin.example/borrowers/b-1"
    assert await statuses(desk) == [("DELIVERED", 1, "delivered")]


async def _database_now(desk: Desk) -> float:
    now: float = await desk.pool.fetchval("SELECT extract(epoch FROM now())::float8")
    return now


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (answers.status(500), "server_error"),
        (answers.status(404), "refused"),
        (answers.status(429), "overloaded"),
        (answers.status(302, "location: /elsewhere"), "redirected"),
        (answers.reset, "unreachable"),
        (answers.hang, "timed_out"),
        (answers.drip_headers, "timed_out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_failed_attempt_is_logged_and_repeated_under_the_same_id(
    desk: Desk,
    receiver: Receiver,
    channel: Channel,
    impatient: Channel,
    reply: answers.Reply,
    result: str,
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    receiver.replies = [reply]
    first_try = desk.dispatcher(impatient if result == "timed_out" else channel)
    await first_try.turn()
    assert await statuses(desk) == [("PENDING", 1, result)]
    assert await first_try.turn() == 0
    await desk.advance(timedelta(seconds=120))
    await desk.dispatcher(channel, name="second-try").turn()
    assert await statuses(desk) == [("DELIVERED", 2, "delivered")]
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.body == second.body
    assert {got.path for got in receiver.received} == {"/hook"}


async def test_an_endless_answer_is_cut_and_counts_by_its_status(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    receiver.replies = [answers.endless_body]
    await desk.dispatcher(channel).turn()
    assert await statuses(desk) == [("DELIVERED", 1, "delivered")]
    length = await desk.pool.fetchval("SELECT length(response) FROM alerts.delivery_attempt")
    assert length == 16_384


async def test_retry_after_is_honoured(desk: Desk, receiver: Receiver, channel: Channel) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    receiver.replies = [answers.status(503, "retry-after: 200")]
    await desk.dispatcher(channel).turn()
    delay = await desk.pool.fetchval(
        "SELECT due_at - at FROM alerts.webhook_delivery JOIN alerts.delivery_attempt"
        " USING (delivery_id)"
    )
    assert delay == timedelta(seconds=200)


async def test_410_disables_the_endpoint_and_keeps_what_waits(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    receiver.replies = [answers.status(410)]
    dispatcher = desk.dispatcher(channel)
    await dispatcher.turn()
    view = await desk.endpoints.get_endpoint(made.endpoint.endpoint_id)
    assert (view.is_enabled, view.disabled_reason) == (False, "the receiver answered 410 Gone")
    await desk.advance(timedelta(seconds=100_000))
    assert await dispatcher.turn() == 0
    await desk.endpoints.enable(view.endpoint_id, expected_version=view.version)
    assert await desk.dispatcher(channel).turn() == 1
    assert [status for status, _, _ in await statuses(desk)] == ["DELIVERED"]


async def test_an_endpoint_that_only_fails_for_five_days_is_disabled(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    receiver.otherwise = answers.status(500)
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(5)))
    # Fresh dispatchers: this is about the endpoint, not about the breaker.
    await desk.dispatcher(channel).turn()
    await desk.advance(timedelta(hours=119))
    await desk.dispatcher(channel).turn()
    assert (await desk.endpoints.get_endpoint(made.endpoint.endpoint_id)).is_enabled
    await desk.advance(timedelta(hours=2))
    await desk.dispatcher(channel).turn()
    view = await desk.endpoints.get_endpoint(made.endpoint.endpoint_id)
    assert not view.is_enabled
    assert desk.measured.total(metrics.ENDPOINTS_DISABLED, reason="failing") == 1


async def test_nine_failures_disable_nothing_however_long_they_seem_to_last(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    receiver.otherwise = answers.status(500)
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(3)))
    for _ in range(3):
        await desk.dispatcher(channel).turn()
        await desk.advance(timedelta(hours=121))
    assert len(receiver.received) == 9
    assert (await desk.endpoints.get_endpoint(made.endpoint.endpoint_id)).is_enabled
    await desk.dispatcher(channel).turn()
    assert not (await desk.endpoints.get_endpoint(made.endpoint.endpoint_id)).is_enabled


async def test_a_pod_two_hours_ahead_delays_no_webhook(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    """The pod writes deliveries, fails to send and opens its breaker; then its clock is right."""
    await desk.endpoint(receiver.url)
    receiver.otherwise = answers.status(500)
    ahead = desk.dispatcher(channel, name="ahead")
    desk.clock.advance(7200)
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(6)))
    assert await ahead.turn() == 6
    longest = await desk.pool.fetchval(
        "SELECT max(due_at - at) FROM alerts.webhook_delivery JOIN alerts.delivery_attempt"
        " USING (delivery_id)"
    )
    assert longest <= 1.2 * timedelta(seconds=5)
    desk.clock.set_back(7200)
    receiver.otherwise = answers.status(200)
    await desk.advance(timedelta(seconds=31))
    assert await ahead.turn() == 1
    assert await desk.dispatcher(channel, name="right").turn() == 5
    assert {status for status, _, _ in await statuses(desk)} == {"DELIVERED"}


async def test_ten_failures_exhaust_a_delivery_and_a_resend_starts_again(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    receiver.otherwise = answers.status(500)
    begun = desk.clock.now()
    while (await statuses(desk))[0][0] == "PENDING":
        # A fresh dispatcher each time: this is about the plan, not about the breaker.
        await desk.dispatcher(channel).turn()
        wait = await desk.pool.fetchval("SELECT due_at - now() FROM alerts.webhook_delivery")
        await desk.advance(max(timedelta(), wait))
    assert await statuses(desk) == [("EXHAUSTED", 10, "server_error")]
    assert desk.clock.now() - begun >= timedelta(hours=75)
    receiver.otherwise = answers.status(200)
    filters = DeliveryFilters(endpoint_id=made.endpoint.endpoint_id, status="EXHAUSTED")
    assert await desk.deliveries.resend_range(filters) == 1
    await desk.dispatcher(channel).turn()
    assert await statuses(desk) == [("DELIVERED", 1, "delivered")]
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    page = await desk.deliveries.list_deliveries(DeliveryFilters())
    detail = await desk.deliveries.get_delivery(page.items[0].delivery_id)
    assert len(detail.log) == 11


async def test_a_second_and_third_resend_go_out_too(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))
    dispatcher = desk.dispatcher(channel)
    await dispatcher.turn()
    page = await desk.deliveries.list_deliveries(DeliveryFilters())
    for _ in range(2):
        await desk.deliveries.resend_one(page.items[0].delivery_id)
        assert await dispatcher.turn() == 1
    assert len(receiver.received) == 3


async def test_a_process_killed_between_send_and_record_repeats_with_the_same_id_only(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))

    class Killed(BaseException):
        pass

    def kill(point: str) -> None:
        if point == "between-send-and-record":
            raise Killed

    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            await desk.dispatcher(channel, name="dead").turn()
    finally:
        faults.disarm()
    survivor = desk.dispatcher(channel, name="alive")
    assert await survivor.turn() == 0
    await desk.advance(timedelta(seconds=31))
    assert await survivor.turn() == 1
    assert len(receiver.received) == 2
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    assert await statuses(desk) == [("DELIVERED", 1, "delivered")]


async def test_a_lease_that_ran_out_records_nothing_but_the_attempt(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(assessment(RiskState.WATCH, RED))

    class Late:
        async def deliver(self, message: ChannelMessage) -> AttemptResult:
            await desk.advance(timedelta(seconds=31))
            await desk.dispatcher(channel, name="other").turn()
            return Retry(report=AttemptReport(code=ResultCode.SERVER_ERROR))

    await desk.dispatcher(Late(), name="late").turn()
    assert await statuses(desk) == [("DELIVERED", 1, "delivered")]
    assert desk.measured.total(metrics.LEASES_LOST) == 1


async def test_order_of_a_borrower_is_kept_while_the_first_event_fails(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.assess(
        assessment(RiskState.ATTENTION, RED),
        assessment(RiskState.WATCH, RED, sequence=2, days_later=1),
    )
    receiver.replies = [answers.status(500)]
    dispatcher = desk.dispatcher(channel)
    assert await dispatcher.turn() == 1
    # Only now, because two attempts at once may reach the receiver in either order.
    await desk.assess(assessment(RiskState.WATCH, RED, borrower_id="b-2"))
    while await dispatcher.turn():
        pass
    assert [_what(got.body) for got in receiver.received if b"b-1" in got.body] == [
        ("b-1", "alert.opened.v1", 1)
    ]
    assert any(b"b-2" in got.body for got in receiver.received)
    await desk.advance(timedelta(seconds=10))
    while await dispatcher.turn():
        pass
    steps = [_what(got.body) for got in receiver.received if b'"b-1"' in got.body]
    assert [kind for _, kind, _ in steps] == [
        "alert.opened.v1",
        "alert.opened.v1",
        "alert.resolved.v1",
        "alert.opened.v1",
    ]


def _what(body: bytes) -> tuple[str, str, int]:
    event = json.loads(body)
    return event["data"]["borrower_id"], event["type"], event["data"]["version"]


async def test_an_unordered_endpoint_does_not_wait_for_the_first(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url, is_ordered=False)
    await desk.assess(
        assessment(RiskState.ATTENTION, RED),
        assessment(RiskState.WATCH, RED, sequence=2, days_later=1),
    )
    assert await desk.dispatcher(channel).turn() == 3


async def test_dispatchers_that_race_send_each_delivery_once(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    await desk.never_storm()
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(60)))
    racing = [desk.dispatcher(channel, name=f"d{n}") for n in range(3)]

    async def drain(dispatcher: object) -> None:
        while await dispatcher.turn():  # type: ignore[attr-defined]
            pass

    await asyncio.gather(*(drain(dispatcher) for dispatcher in racing))
    while await racing[0].turn():
        pass
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids)) == 60
    assert {status for status, _, _ in await statuses(desk)} == {"DELIVERED"}


async def test_an_open_breaker_stops_sending_and_one_probe_closes_it(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    receiver.otherwise = answers.status(500)
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(8)))
    dispatcher = desk.dispatcher(channel)
    await dispatcher.turn()
    assert len(receiver.received) == 8
    await desk.advance(timedelta(seconds=15))
    assert await dispatcher.turn() == 0
    await desk.advance(timedelta(seconds=20))
    receiver.otherwise = answers.status(200)
    assert await dispatcher.turn() == 1
    assert await dispatcher.turn() == 7


async def test_filters_choose_who_hears_and_the_end_follows_the_beginning(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(f"{receiver.url}/high", minimum_severity=Severity.HIGH)
    await desk.endpoint(f"{receiver.url}/branch", branch_ids=("br-9",))
    await desk.endpoint(f"{receiver.url}/closed", event_types=(AlertEventKind.RESOLVED,))
    await desk.assess(
        assessment(RiskState.HIGH_RISK, RED),
        assessment(RiskState.WATCH, RED, sequence=2, days_later=1),
        # Worse again: the alert of before ends, superseded.
        assessment(RiskState.HIGH_RISK, RED, sequence=3, days_later=2),
    )
    while await desk.dispatcher(channel).turn():
        pass
    received = sorted((got.path, json.loads(got.body)["type"]) for got in receiver.received)
    assert received == [
        ("/hook/closed", "alert.resolved.v1"),
        ("/hook/high", "alert.opened.v1"),
        ("/hook/high", "alert.opened.v1"),
        ("/hook/high", "alert.resolved.v1"),
        ("/hook/high", "alert.updated.v1"),
    ]


async def test_during_a_rotation_both_secrets_verify_and_later_only_the_new_one(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    made = await desk.endpoint(receiver.url)
    desk.clock.advance((await _database_now(desk)) - desk.clock.now().timestamp())
    new = await desk.endpoints.rotate_secret(made.endpoint.endpoint_id, expected_version=1)
    await desk.assess(assessment(RiskState.WATCH, RED))
    await desk.dispatcher(channel).turn()
    for secret in (made.secret, new.secret):
        Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
    await desk.advance(timedelta(hours=25))
    await desk.assess(assessment(RiskState.DEFAULT, RED, sequence=2))
    await desk.dispatcher(channel).turn()
    assert len(receiver.received[-1].headers["webhook-signature"].split(" ")) == 1


async def test_secrets_are_nowhere_in_the_database_in_clear(desk: Desk) -> None:
    made = await desk.endpoint()
    row = await desk.pool.fetchrow("SELECT * FROM alerts.webhook_endpoint")
    assert made.secret.encode() not in row["secret"]
    assert made.secret not in str(dict(row))


@pytest.mark.parametrize(
    ("addresses", "is_sent"),
    [
        (["127.0.0.1"], False),
        (["10.0.0.8"], False),
        (["93.184.216.34", "169.254.169.254"], False),
        (["::ffff:127.0.0.1"], False),
    ],
    ids=["loopback", "private", "one of two inside", "mapped"],
)
async def test_a_name_that_leads_inside_is_not_dialled(
    desk: Desk, receiver: Receiver, addresses: list[str], is_sent: bool
) -> None:
    async def rebound(host: str, port: int) -> Sequence[str]:
        return addresses

    poster = HttpPoster(
        policy=AddressPolicy(),
        ssl_context=ssl.create_default_context(),
        resolver=rebound,
    )
    result = await poster.post(HttpRequest(url="https://hooks.bank.com/x", headers={}, body=b"{}"))
    await poster.close()
    assert result.report.code is ResultCode.ADDRESS_DENIED
    assert receiver.connections == 0


async def test_the_address_judged_is_the_address_dialled(receiver: Receiver) -> None:
    """The resolver answers inside on every second question; there is only ever one question."""
    asked = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    poster = HttpPoster(
        policy=DEVELOPMENT,
        ssl_context=ssl.create_default_context(),
        resolver=rebinding,
    )
    url = f"http://hooks.bank.com:{receiver.port}/x"
    result = await poster.post(HttpRequest(url=url, headers={}, body=b"{}"))
    await poster.close()
    assert result.report.code is ResultCode.DELIVERED
    assert asked == ["hooks.bank.com"]
    assert receiver.received[0].headers["host"] == f"hooks.bank.com:{receiver.port}"


async def test_plain_http_and_odd_ports_end_at_the_allowed_networks(receiver: Receiver) -> None:
    async def public(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34"]

    poster = HttpPoster(
        policy=AddressPolicy(
            allowed_networks=LOOPBACK,
            allows_http=True,
            allows_any_port=True,
            allows_inside_names=True,
        ),
        ssl_context=ssl.create_default_context(),
        resolver=public,
    )
    for url in ("http://hooks.bank.com/x", "https://hooks.bank.com:9000/x"):
        result = await poster.post(HttpRequest(url=url, headers={}, body=b"{}"))
        assert result.report.code is ResultCode.ADDRESS_DENIED
    await poster.close()


async def test_an_endpoint_inside_cannot_even_be_registered(desk: Desk) -> None:
    for url in ("http://10.0.0.8/x", "http://[fe80::1]/", "ftp://127.0.0.1/", "http://2130706433/"):
        with pytest.raises(InvalidInput, match="url is refused"):
            await desk.endpoint(url)


async def test_a_running_dispatcher_delivers_soon_after_it_is_woken(
    desk: Desk, receiver: Receiver, channel: Channel
) -> None:
    await desk.endpoint(receiver.url)
    dispatcher = desk.dispatcher(channel)
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await desk.assess(assessment(RiskState.WATCH, RED))
    dispatcher.wake()
    await receiver.until(1)
    stop.set()
    async with asyncio.timeout(10):
        await running
    assert [status for status, _, _ in await statuses(desk)] == ["DELIVERED"]
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    assert alert.alert_id
