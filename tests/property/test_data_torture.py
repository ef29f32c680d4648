"""What ingest accepts, scoring carries: named defects, and a small data torture.

`make data-torture` is the same with 200,000 events. A story of `tests.data_torture` takes events
through ingest's own checks, then decode, fold, closes, state bytes, outbox messages against their
schema, alerts' reader and what REST shows.
"""

from datetime import date
from typing import Any

import pytest

from services.contracts import bounds
from services.contracts.registry import EVENT_TYPES, EventTopic
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.arrears import facility_use
from services.scoring.domain.assess import effects
from services.scoring.domain.borrower.borrower import Borrower
from tests.data_torture.__main__ import torture
from tests.data_torture.edges import edges, hints_of
from tests.data_torture.events import TYPES, examples
from tests.data_torture.play import FIRST_CLOSE, Story
from tests.fakes.wire_events import cloud_event

STORIES = 24


def lived(*events: tuple[str, dict[str, Any]], **envelope: Any) -> Story:
    """Returns a registered borrower's story after these events, each of which must be accepted."""
    story = Story()
    registered = ("borrower.registered.v1", {"segment": "SME", "country": "JP"})
    for number, (event_type, data) in enumerate((registered, *events)):
        currency = {"reporting_currency": "JPY"} if not number else {}
        document = cloud_event(event_type, f"E-{number}", borrower="B-1001", data=data | currency)
        assert story.offer(document | envelope), document
    return story


def line(drawn: str, currency: str = "JPY", day: str = "2026-03-31") -> tuple[str, dict[str, Any]]:
    return "facility.balance-closed.v1", {
        "facility_id": "F-1",
        "balance_date": day,
        "limit_amount": "1",
        "drawn_amount": drawn,
        "currency": currency,
    }


def is_accepted(event_type: str, data: dict[str, Any], **attributes: Any) -> bool:
    event = cloud_event(event_type, "E-1", borrower="B-1001", data=data)
    return Story().offer({**event, **attributes})


def test_small_torture_breaks_no_promise() -> None:
    figures = torture(0, STORIES, closes=15)
    assert figures["broken"] == 0
    assert figures["accepted"] > 600
    assert figures["offered"] == 40 * STORIES


def test_the_core_has_the_dates_of_the_contract() -> None:
    assert (effects.FIRST_DATE, effects.LAST_DATE) == (bounds.FIRST_DATE, bounds.LAST_DATE)


def test_every_field_of_every_type_has_edges() -> None:
    for event_type in TYPES:
        assert examples(event_type.name), event_type.name
        for name, hint in hints_of(event_type.data).items():
            assert len(edges(hint)) > 1, f"{event_type.name} {name}"


def test_two_lines_of_a_hundred_trillion_yen_do_not_stop_the_day_close() -> None:
    drawn = "99999999999999"
    story = lived(line(drawn), line(drawn, day="2026-04-01"))
    story.close(FIRST_CLOSE)
    story.close(FIRST_CLOSE + 1)
    # Drawn over a limit of one yen is a share of 99,999,999,999,999, in micro-units beyond 64 bits.
    assert max(story.borrower.signals.value) == 99_999_999_999_999 * 1_000_000


def test_a_ledger_with_events_of_1900_and_2199_is_folded_closed_and_published() -> None:
    story = lived()
    for number in range(800):
        event_type, data = line("200", day="1900-01-01")
        logged = cloud_event(event_type, f"OLD-{number}", borrower="B-1001", data=data)
        story.fold_logged(logged)
    days: set[int] = set()
    with pytest.MonkeyPatch.context() as patch:
        judged = facility_use.excess_on
        patch.setattr(
            facility_use, "excess_on", lambda each, day: days.add(day) or judged(each, day)
        )
        for back in range(3):
            story.close(FIRST_CLOSE + back)
    # Forty-six thousand days over the limit are not walked.
    assert len(days) < 1_000
    assert facility_use.excess_since(story.borrower.facilities[0], FIRST_CLOSE) == 693_596
    _, data = line("200", day="2199-12-31")
    late = cloud_event("facility.balance-closed.v1", "NEW", borrower="B-1001", data=data)
    story.fold_logged({**late, "time": "2199-12-31T23:59:59Z"})
    story.close(date(2199, 12, 31).toordinal())
    assert story.played.counts["assessments"] > 1


def test_an_amount_of_eighteen_digits_in_the_ledger_is_folded_and_clipped_when_published() -> None:
    story = lived()
    event_type, data = line("999999999999999999")
    story.fold_logged(cloud_event(event_type, "OLD", borrower="B-1001", data=data))
    story.close(FIRST_CLOSE)
    assert story.borrower.counters.exposure_minor == 999_999_999_999_999_999


def test_a_covenant_limit_of_18_trillion_is_measured() -> None:
    limit = "18446744073709.56"
    certified = {
        "covenant_id": "C-1",
        "metric": "EQUITY",
        "kind": "MIN",
        "limit": limit,
        "actual": limit,
        "test_date": "2026-03-31",
        "certificate_date": "2026-03-31",
    }
    story = lived(("covenant.certified.v1", certified))
    restored = decode(encode(story.borrower))
    assert restored.credit_file.covenants[0].limit_micro == 18_446_744_073_709_560_000
    story.close(FIRST_CLOSE)


def test_sums_beyond_64_bits_are_stored_exactly() -> None:
    borrower = Borrower("B-1")
    borrower.counters.exposure_minor = 3 * 10**40
    borrower.counters.past_due_minor = -(10**40)
    assert decode(encode(borrower)).counters == borrower.counters


def test_a_correction_that_scoring_cannot_apply_is_refused_at_the_door() -> None:
    for event_type in EVENT_TYPES.values():
        if event_type.topic is not EventTopic.EVENTS:
            continue
        for kind in ("reversal", "amendment", "backdate"):
            correction = {"correctsid": "E-0", "correctionkind": kind}
            accepted = Story().offer({**examples(event_type.name)[0], **correction})
            assert accepted is (kind in event_type.corrections), (event_type.name, kind)


DELINQUENCY = {"report_date": "2026-03-31", "reporter": "BUREAU", "kind": "ARREARS"}


@pytest.mark.parametrize(
    ("event_type", "data", "attributes"),
    [
        pytest.param(
            "external-delinquency.reported.v1",
            {**DELINQUENCY, "amount": "100.00"},
            {},
            id="amount without its currency",
        ),
        pytest.param(
            "fx.published.v1",
            {
                "rate_date": "2026-03-31",
                "base_currency": "EUR",
                "rates": [{"currency": "USD", "rate": "0.00"}],
            },
            {"subject": "*"},
            id="rate of zero",
        ),
        pytest.param(
            "guarantor.linked.v1",
            {
                "guarantor_borrower_id": "*",
                "coverage_amount": "1.00",
                "currency": "EUR",
                "effective_date": "2026-03-31",
            },
            {},
            id="everybody as guarantor",
        ),
        pytest.param(
            "external-delinquency.reported.v1",
            DELINQUENCY,
            {"time": "1970-01-01T00:30:00+14:00"},
            id="moment that is out of bounds in UTC",
        ),
        pytest.param(
            "external-delinquency.reported.v1",
            DELINQUENCY,
            {"time": "2199-12-31T23:59:59-12:00"},
            id="moment of the year 2200 in UTC",
        ),
        pytest.param(
            "external-delinquency.reported.v1", DELINQUENCY, {"subject": ".."}, id="subject of dots"
        ),
        pytest.param(
            "external-delinquency.reported.v1", DELINQUENCY, {"drillid": "D-1"}, id="drill"
        ),
    ],
)
def test_what_scoring_cannot_carry_is_refused_at_the_door(
    event_type: str, data: dict[str, Any], attributes: dict[str, Any]
) -> None:
    assert not is_accepted(event_type, data, **attributes)


def test_a_borrower_id_with_a_slash_is_accepted() -> None:
    assert is_accepted("external-delinquency.reported.v1", DELINQUENCY, subject="DE/4711")
