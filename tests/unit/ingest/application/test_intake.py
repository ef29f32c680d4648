"""What becomes of inputs: accepted only when acknowledged, kept otherwise, in order per account."""

import asyncio
from typing import Any

import msgspec
import pytest

from services.contracts.validation import ValidEvent
from services.ingest.application.errors import (
    AccountNotOwned,
    AlreadySettled,
    NotFound,
    Unavailable,
)
from services.ingest.application.inputs import (
    Input,
    InputChannel,
    InputVerdict,
    Parked,
    RecordPosition,
    Status,
)
from services.ingest.application.intake_log import AccountsImported, InputParked
from services.ingest.application.ports import EntryFilters
from services.ingest.domain.reasons import Refusal, RefusalReason
from tests.fakes.ingest_in_memory import EVENING, MemoryIngest, ingest_in_memory
from tests.fakes.wire_events import cloud_event, flow, registration, repayment, written


@pytest.fixture
def memory() -> MemoryIngest:
    return ingest_in_memory()


def by_http(document: Any, *, may_send: tuple[str, ...] = ("*",)) -> Input:
    raw = document if isinstance(document, bytes) else written(document)
    return Input(
        channel=InputChannel.HTTP,
        raw=raw,
        sender="key-1",
        sources=("core/*",),
        may_send=may_send,
    )


def by_kafka(raw: bytes, *, topic: str = "raw.repayments", offset: int = 0) -> Input:
    return Input(
        channel=InputChannel.KAFKA,
        raw=raw,
        position=RecordPosition(topic=topic, partition=0, offset=offset),
    )


async def take(memory: MemoryIngest, *documents: Any) -> list[InputVerdict]:
    return list(await memory.ingest.intake.take([by_http(document) for document in documents]))


async def test_an_event_is_accepted_after_the_broker_has_it(memory: MemoryIngest) -> None:
    verdicts = await take(memory, repayment())
    assert isinstance(verdicts[0].outcome, ValidEvent)
    assert memory.publisher.ids == ["PAY-1"]


async def test_large_events_leave_the_loop_a_turn_after_each(memory: MemoryIngest) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await take(memory, *[repayment(f"PAY-{number}", note="x" * 40_000) for number in range(20)])
    counting.cancel()
    assert turns >= 20


async def test_without_the_broker_nothing_is_accepted_or_quarantined(
    memory: MemoryIngest,
) -> None:
    memory.publisher.is_down = True
    with pytest.raises(Unavailable):
        await take(memory, repayment(), b"broken")
    assert memory.quarantine.rows == []


async def test_without_the_database_a_bad_input_is_not_settled(memory: MemoryIngest) -> None:
    memory.quarantine.is_down = True
    with pytest.raises(Unavailable):
        await take(memory, b"broken")


async def test_without_the_database_a_good_event_is_still_accepted(memory: MemoryIngest) -> None:
    memory.quarantine.is_down = True
    await take(memory, repayment())
    assert memory.publisher.ids == ["PAY-1"]


async def test_a_bad_event_does_not_stop_the_others(memory: MemoryIngest) -> None:
    await take(memory, repayment("PAY-1"), b"{", repayment("PAY-3"))
    assert memory.publisher.ids == ["PAY-1", "PAY-3"]
    assert memory.quarantine.rows[0].input.raw == b"{"


async def test_an_event_without_borrower_and_account_is_quarantined(memory: MemoryIngest) -> None:
    verdict = (await take(memory, repayment(borrower=None)))[0]
    assert isinstance(verdict.outcome, Refusal)
    assert verdict.outcome.reason is RefusalReason.MISSING_BORROWER


async def test_an_account_that_is_known_names_the_borrower(memory: MemoryIngest) -> None:
    await take(memory, registration("B-5", accounts=["AC-5"]))
    await take(memory, flow(account="AC-5"))
    assert memory.publisher.sent[-1].subject == "B-5"


async def test_an_event_that_is_sent_again_keeps_its_borrower_after_the_account_moved(
    memory: MemoryIngest,
) -> None:
    memory.quarantine.borrowers["AC-1"] = "B-1"
    await take(memory, flow("T-1", borrower=None))
    memory.quarantine.borrowers["AC-1"] = "B-2"
    again, new = await take(memory, flow("T-1", borrower=None), flow("T-2", borrower=None))
    assert [verdict.quarantine_id for verdict in (again, new)] == [None, None]
    assert [(event.id, event.subject) for event in memory.publisher.sent] == [
        ("T-1", "B-1"),
        ("T-1", "B-1"),
        ("T-2", "B-2"),
    ]


async def test_the_borrower_is_stored_before_the_event_is_published(memory: MemoryIngest) -> None:
    memory.quarantine.borrowers["AC-1"] = "B-1"
    memory.publisher.is_down = True
    with pytest.raises(Unavailable):
        await take(memory, flow("T-1", borrower=None))
    memory.quarantine.borrowers["AC-1"] = "B-2"
    memory.publisher.is_down = False
    await take(memory, flow("T-1", borrower=None))
    assert [event.subject for event in memory.publisher.sent] == ["B-1"]


async def test_a_released_event_keeps_its_borrower_too(memory: MemoryIngest) -> None:
    await take(memory, flow("T-1", borrower=None), flow("T-2", borrower=None))
    await take(memory, registration("B-1", accounts=["AC-1"]))
    await memory.ingest.release.release_all()
    await take(memory, registration("B-2", accounts=["AC-1"]))
    await take(memory, flow("T-1", borrower=None))
    flows = [event for event in memory.publisher.sent if event.id.startswith("T-")]
    assert [(event.id, event.subject) for event in flows] == [
        ("T-1", "B-1"),
        ("T-2", "B-1"),
        ("T-1", "B-1"),
    ]


async def test_no_source_takes_an_account_that_another_owns(memory: MemoryIngest) -> None:
    theirs = {**registration("B-2", accounts=["AC-9", "AC-1"]), "source": "core/other"}
    first, second = await take(memory, registration("B-1", accounts=["AC-1"]), theirs)
    assert isinstance(first.outcome, ValidEvent)
    assert isinstance(second.outcome, Refusal)
    assert second.outcome.reason is RefusalReason.ACCOUNT_NOT_OWNED
    assert second.outcome.pointer == "/data/account_ids/1"
    assert memory.quarantine.rows[0].entry.event_id == "reg-B-2"
    assert memory.quarantine.borrowers == {"AC-1": "B-1"}
    assert memory.publisher.ids == ["reg-B-1"]
    retried = await memory.ingest.quarantine.retry(1, by="op")
    assert retried.entry.status is Status.OPEN


async def test_the_newest_registration_counts_whatever_came_last(memory: MemoryIngest) -> None:
    newer = registration("B-2", accounts=["AC-1"])
    older = {**registration("B-1", accounts=["AC-1"]), "time": "2026-03-30T00:00:00Z"}
    await take(memory, newer)
    await take(memory, older)
    assert memory.quarantine.borrowers == {"AC-1": "B-2"}
    await take(memory, {**older, "id": "reg-3", "time": "2026-03-31T17:30:00Z"}, newer)
    assert memory.quarantine.borrowers == {"AC-1": "B-1"}


async def test_a_retried_registration_feeds_the_directory(memory: MemoryIngest) -> None:
    memory.quarantine.owners["AC-1"] = "core/other"
    await take(memory, registration("B-1", accounts=["AC-1"]))
    del memory.quarantine.owners["AC-1"]
    assert (await memory.ingest.quarantine.retry(1, by="op")).entry.status is Status.RELEASED
    assert memory.quarantine.borrowers == {"AC-1": "B-1"}


async def test_what_is_parked_is_on_the_intake_log_before_it_is_answered(
    memory: MemoryIngest,
) -> None:
    await take(memory, flow("T-1", borrower=None), repayment())
    (record,) = memory.log.records
    assert isinstance(record, InputParked)
    assert record.account_id == "AC-1"
    assert record.input() == by_http(flow("T-1", borrower=None))
    memory.log.is_down = True
    with pytest.raises(Unavailable):
        await take(memory, flow("T-2", borrower=None))
    assert [full.entry.event_id for full in memory.quarantine.rows] == ["T-1"]


async def test_a_parked_record_of_a_raw_topic_is_on_that_topic_already(
    memory: MemoryIngest,
) -> None:
    booking = {
        "evt": "TXN",
        "ref": "T-1",
        "acct_no": "AC-1",
        "dc": "C",
        "amt": 25000,
        "ccy": "EUR",
        "bk_cd": "111",
        "chan": "U",
        "val_dt": "31.03.2026",
        "book_dt": "31.03.2026",
        "book_tm": "09:30:00",
    }
    record = by_kafka(written(booking), topic="raw.account-flows")
    (verdict,) = await memory.ingest.intake.take([record])
    assert isinstance(verdict.outcome, Parked)
    assert memory.log.records == []


async def test_an_import_is_on_the_intake_log_and_takes_no_account_of_another_source(
    memory: MemoryIngest,
) -> None:
    imported = AccountsImported(
        id="import:1", source="core/accounts", time=EVENING, accounts=(("AC-1", "B-1"),)
    )
    await memory.ingest.account_import.run(imported)
    assert memory.log.records == [imported]
    assert memory.quarantine.borrowers == {"AC-1": "B-1"}
    foreign = msgspec.structs.replace(imported, source="core/other", accounts=(("AC-1", "B-2"),))
    with pytest.raises(AccountNotOwned, match=r"AC-1 \(core/accounts\)"):
        await memory.ingest.account_import.run(foreign)
    assert memory.log.records == [imported]
    assert memory.quarantine.borrowers == {"AC-1": "B-1"}


async def test_other_content_under_a_known_id_is_quarantined(memory: MemoryIngest) -> None:
    memory.quarantine.borrowers["AC-1"] = "B-1"
    verdicts = await take(
        memory,
        flow("T-1", borrower=None),
        flow("T-1", borrower=None, amount="7.00"),
        {**flow("T-1", borrower=None), "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        {**flow("T-1", borrower=None), "source": "core/other"},
    )
    outcomes = [verdict.outcome for verdict in verdicts]
    assert [isinstance(outcome, ValidEvent) for outcome in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1], Refusal)
    assert (outcomes[1].reason, outcomes[1].pointer) == (RefusalReason.ID_REUSED, "/id")
    assert memory.quarantine.rows[0].entry.reason is RefusalReason.ID_REUSED
    retried = await memory.ingest.quarantine.retry(1, by="op")
    assert retried.entry.status is Status.OPEN


async def test_later_events_of_an_account_queue_behind_those_that_wait(
    memory: MemoryIngest,
) -> None:
    await take(memory, flow("TX-1", account="AC-5"))
    memory.quarantine.borrowers["AC-5"] = "B-5"
    verdict = (await take(memory, flow("TX-2", account="AC-5")))[0]
    assert isinstance(verdict.outcome, Parked)
    assert await memory.ingest.release.release_all() == 2
    assert memory.publisher.ids == ["TX-1", "TX-2"]
    assert (await take(memory, flow("TX-3", account="AC-5")))[0].quarantine_id is None
    assert memory.publisher.ids == ["TX-1", "TX-2", "TX-3"]


async def test_a_bad_event_of_an_unknown_account_does_not_wait_for_nothing(
    memory: MemoryIngest,
) -> None:
    verdict = (await take(memory, flow(account="AC-5", category="WHATEVER")))[0]
    assert isinstance(verdict.outcome, Refusal)
    assert verdict.outcome.reason is RefusalReason.INVALID_FIELD


async def test_a_release_without_the_broker_settles_nothing(memory: MemoryIngest) -> None:
    await take(memory, flow(account="AC-5"))
    memory.quarantine.borrowers["AC-5"] = "B-5"
    memory.publisher.is_down = True
    with pytest.raises(Unavailable):
        await memory.ingest.release.release_all()
    assert memory.quarantine.rows[0].entry.status is Status.PARKED


async def test_a_retry_that_is_refused_again_stores_the_current_reason(
    memory: MemoryIngest,
) -> None:
    await take(memory, repayment(paid_amount=1))
    full = await memory.ingest.quarantine.retry(1, by="key-2")
    assert full.entry.status is Status.OPEN
    assert full.entry.reason is RefusalReason.INVALID_FIELD


async def test_a_person_cannot_push_a_waiting_event_before_its_neighbours(
    memory: MemoryIngest,
) -> None:
    await take(memory, flow("TX-1", account="AC-5"), flow("TX-2", account="AC-5"))
    memory.quarantine.borrowers["AC-5"] = "B-5"
    full = await memory.ingest.quarantine.retry(2, by="key-2")
    assert full.entry.status is Status.PARKED
    assert memory.publisher.ids == []


async def test_what_is_settled_stays_settled(memory: MemoryIngest) -> None:
    await take(memory, b"{")
    await memory.ingest.quarantine.discard(1, by="key-2", reason="a probe")
    with pytest.raises(AlreadySettled):
        await memory.ingest.quarantine.retry(1, by="key-2")
    with pytest.raises(AlreadySettled):
        await memory.ingest.quarantine.discard(1, by="key-2", reason="again")
    assert memory.quarantine.rows[0].entry.note == "a probe"


async def test_an_unknown_number_is_not_found(memory: MemoryIngest) -> None:
    with pytest.raises(NotFound):
        await memory.ingest.quarantine.retry(99, by="key-2")


async def test_a_retry_of_many_takes_only_open_inputs_of_the_choice(memory: MemoryIngest) -> None:
    await take(memory, b"{", repayment(paid_amount=1), flow(account="AC-5"))
    done = await memory.ingest.quarantine.retry_many(
        EntryFilters(reason=RefusalReason.NOT_JSON), by="key-2"
    )
    assert [full.entry.id for full in done] == [1]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", RefusalReason.EMPTY_RECORD),
        (b"\xff", RefusalReason.NOT_UTF8),
        (b"{", RefusalReason.NOT_JSON),
        (b"[" * 100_000, RefusalReason.TOO_DEEP),
        (b'{"a": NaN}', RefusalReason.NUMBER_NOT_FINITE),
        (b'{"a": 1e999}', RefusalReason.NUMBER_NOT_FINITE),
        (b'{"a": "\\u0000"}', RefusalReason.FORBIDDEN_CHARACTER),
        (b'{"a": "\\ud800"}', RefusalReason.FORBIDDEN_CHARACTER),
        (b'{"a": ' + b"9" * 5_000 + b"}", RefusalReason.NOT_JSON),
        (b" " * 300_000, RefusalReason.TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, RefusalReason) else "bytes",
)
async def test_unreadable_bytes_are_quarantined_with_their_reason(
    memory: MemoryIngest, raw: bytes, reason: RefusalReason
) -> None:
    await memory.ingest.intake.take([by_kafka(raw)])
    assert memory.quarantine.rows[0].entry.reason is reason
    assert memory.quarantine.rows[0].input.raw == raw


async def test_an_internal_error_quarantines_its_input_and_stops_no_other(
    memory: MemoryIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.ingest.application.input_validation.validate", broken)
    verdict = (await take(memory, repayment(loan_id=" L-1")))[0]
    assert isinstance(verdict.outcome, Refusal)
    assert verdict.outcome.reason is RefusalReason.INTERNAL_ERROR


@pytest.mark.parametrize(
    "event_type",
    [
        "maturity.approaching.v1",
        "override.approved.v1",
        "rulebook.activated.v1",
        "related-state.changed.v1",
        "dependant.linked.v1",
    ],
)
async def test_only_tocsin_itself_sends_events_of_scoring_and_decisions_of_two_people(
    memory: MemoryIngest, event_type: str
) -> None:
    event = {**repayment(), "type": event_type}
    verdict = (await take(memory, event))[0]
    assert isinstance(verdict.outcome, Refusal)
    assert verdict.outcome.reason is RefusalReason.NOT_FOR_SOURCES


async def test_a_key_that_comes_twice_is_refused(memory: MemoryIngest) -> None:
    raw = written(repayment())
    in_data = raw.replace(b'"loan_id"', b'"loan_id":"L-0","loan_id"')
    in_envelope = raw.replace(b'"id"', b'"id":"PAY-0","id"', 1)
    for verdict in await take(memory, in_data, in_envelope):
        assert isinstance(verdict.outcome, Refusal)
        assert verdict.outcome.reason is RefusalReason.DUPLICATE_KEY


async def test_an_event_is_taken_only_from_who_may_speak_for_its_source(
    memory: MemoryIngest,
) -> None:
    raw = written(repayment())
    for sources in (("elsewhere/*",), ()):
        [verdict] = await memory.ingest.intake.take(
            [Input(channel=InputChannel.HTTP, raw=raw, sender="key-1", sources=sources)]
        )
        assert isinstance(verdict.outcome, Refusal)
        assert verdict.outcome.reason is RefusalReason.SOURCE_NOT_ALLOWED
        assert verdict.event_id == "PAY-1"
    assert memory.publisher.ids == []


CONTROL_EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("day.closed.v1", {"closed_date": "2199-12-31"}),
    (
        "fx.published.v1",
        {
            "rate_date": "2026-03-31",
            "base_currency": "EUR",
            "rates": [{"currency": "USD", "rate": "0.0001"}],
        },
    ),
    (
        "calendar.published.v1",
        {
            "calendar": "DE",
            "from_date": "2026-01-01",
            "to_date": "2027-01-01",
            "holidays": ["2026-04-03"],
        },
    ),
    (
        "sector-stress.published.v1",
        {"measured_date": "2026-03-31", "sectors": [{"industry_code": "41", "z": "9"}]},
    ),
)


def control_event(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    return cloud_event(event_type, f"{event_type}-1", borrower="*", data=data)


async def test_a_key_without_control_types_changes_no_borrower_but_its_own(
    memory: MemoryIngest,
) -> None:
    # One close dated 2199 ages every instalment of the bank by 173 years: all are in default, and
    # no later event takes it back.
    inputs = [by_http(control_event(*each)) for each in CONTROL_EVENTS]
    verdicts = await memory.ingest.intake.take([*inputs, by_http(repayment())])
    refusals = [verdict.outcome for verdict in verdicts[:-1]]
    assert [
        (refusal.reason, refusal.pointer) for refusal in refusals if isinstance(refusal, Refusal)
    ] == [(RefusalReason.TYPE_NOT_ALLOWED, "/type")] * 4
    assert isinstance(verdicts[-1].outcome, ValidEvent)
    assert memory.publisher.ids == ["PAY-1"]
    assert [full.input.raw for full in memory.quarantine.rows] == [each.raw for each in inputs]
    entries = [full.entry for full in memory.quarantine.rows]
    assert [(each.source, each.event_id, each.event_type) for each in entries] == [
        ("core/demo", f"{name}-1", name) for name, _ in CONTROL_EVENTS
    ]


@pytest.mark.parametrize("written_type", ["{} ", " {}", "\u00a0{}", "{}\n"])
async def test_white_space_around_a_type_leads_past_no_power(
    memory: MemoryIngest, written_type: str
) -> None:
    # It is trimmed before validation, so the powers of the key are those over the trimmed type.
    events = [control_event(*each) for each in CONTROL_EVENTS]
    inputs = [by_http({**each, "type": written_type.format(each["type"])}) for each in events]
    outcomes = [verdict.outcome for verdict in await memory.ingest.intake.take(inputs)]
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == [
        RefusalReason.TYPE_NOT_ALLOWED
    ] * 4
    assert memory.publisher.ids == []


async def test_a_control_event_is_taken_from_a_key_that_names_it_in_full(
    memory: MemoryIngest,
) -> None:
    event = control_event(*CONTROL_EVENTS[2])
    for may_send in (("calendar.*",), ("*",), ("day.closed",)):
        [verdict] = await memory.ingest.intake.take([by_http(event, may_send=may_send)])
        assert isinstance(verdict.outcome, Refusal)
    [verdict] = await memory.ingest.intake.take([by_http(event, may_send=("calendar.published",))])
    assert isinstance(verdict.outcome, ValidEvent)


async def test_a_key_for_some_types_sends_no_others(memory: MemoryIngest) -> None:
    for may_send, reason in (
        (("account.*",), RefusalReason.TYPE_NOT_ALLOWED),
        (("repayment.*",), None),
        (("repayment.posted",), None),
    ):
        [verdict] = await memory.ingest.intake.take([by_http(repayment(), may_send=may_send)])
        outcome = verdict.outcome
        assert (outcome.reason if isinstance(outcome, Refusal) else None) is reason


async def test_an_event_about_one_borrower_is_not_sent_to_everybody(memory: MemoryIngest) -> None:
    [verdict] = await take(memory, {**repayment(), "subject": "*"})
    assert isinstance(verdict.outcome, Refusal)
    assert (verdict.outcome.reason, verdict.outcome.pointer) == (
        RefusalReason.INVALID_ATTRIBUTE,
        "/subject",
    )


async def test_what_is_too_large_is_refused(memory: MemoryIngest) -> None:
    [verdict] = await take(memory, written(repayment()) + b" " * 300_000)
    assert isinstance(verdict.outcome, Refusal)
    assert verdict.outcome.reason is RefusalReason.TOO_LARGE


async def test_a_statement_that_does_not_balance_is_refused(memory: MemoryIngest) -> None:
    data = {
        "statement_id": "S-1",
        "period_end": "2025-12-31",
        "period_months": 12,
        "received_date": "2026-03-31",
        "currency": "EUR",
        "total_assets": "100.00",
        "total_liabilities": "50.00",
        "equity": "50.00",
    }
    balanced = cloud_event("statement.received.v1", "S-1", borrower="B-1", data=data)
    broken = cloud_event(
        "statement.received.v1", "S-2", borrower="B-1", data={**data, "equity": "40.00"}
    )
    without_equity = {name: value for name, value in data.items() if name != "equity"}
    partial = cloud_event("statement.received.v1", "S-3", borrower="B-1", data=without_equity)
    accepted, refused, unchecked = await take(memory, balanced, broken, partial)
    assert isinstance(accepted.outcome, ValidEvent)
    assert isinstance(unchecked.outcome, ValidEvent)
    assert isinstance(refused.outcome, Refusal)
    assert refused.outcome.reason is RefusalReason.BALANCE_BROKEN
