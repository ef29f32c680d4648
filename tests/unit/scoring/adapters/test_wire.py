"""Canonical events to domain events: exact amounts, business days, and what cannot be read."""

import json
from pathlib import Path
from typing import get_type_hints
from zoneinfo import ZoneInfo

import pytest

from services.contracts.registry import EVENT_TYPES, EventTopic
from services.scoring.adapters.wire.decoder import TO_DOMAIN, EventDecoder
from services.scoring.adapters.wire.values import Undecodable, minor_units
from services.scoring.domain.events import credit_file, loans
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.handlers.registry import HANDLERS
from tests.fakes.units import day
from tests.fakes.wire_events import cloud_event

EXAMPLES = Path(__file__).resolve().parents[4] / "schemas" / "events"
ON_THE_TOPIC = {name for name, row in EVENT_TYPES.items() if row.topic is EventTopic.EVENTS}
REVERSIBLE = {name for name, row in EVENT_TYPES.items() if "reversal" in row.corrections}
DECODER = EventDecoder(ZoneInfo("Europe/Berlin"))

REPAYMENT = {
    "loan_id": "l-1",
    "paid_amount": "1250.50",
    "currency": "EUR",
    "value_date": "2024-03-31",
    "channel": "DEBIT",
}


def envelope(type_: str, data: dict[str, object], **attributes: object) -> bytes:
    event = cloud_event(
        type_, "e-1", borrower="b-1", data=data, time="2024-03-31T21:59:59Z", source="core"
    )
    return json.dumps({**event, **attributes}).encode()


class TestReversal:
    @pytest.mark.parametrize("type_", sorted(ON_THE_TOPIC - REVERSIBLE))
    def test_of_what_has_only_a_newest_word_is_refused(self, type_: str) -> None:
        raw = envelope(type_, {}, correctsid="e-0", correctionkind="reversal")
        with pytest.raises(Undecodable, match=r"^correctionkind: "):
            DECODER.decode(raw)

    def test_of_money_on_a_loan_says_which_event_takes_it_back(self) -> None:
        raw = envelope(
            "repayment.posted.v1", dict(REPAYMENT), correctsid="e-0", correctionkind="reversal"
        )
        with pytest.raises(Undecodable, match=r"taken back by repayment\.reversed\.v1"):
            DECODER.decode(raw)


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            pytest.param("1250.5", "EUR", 125_050, id="one decimal given, two kept"),
            pytest.param("0.01", "EUR", 1, id="one cent"),
            pytest.param("-0.50", "EUR", -50, id="a negative amount below one"),
            pytest.param("1250", "JPY", 1_250, id="the yen has no minor unit"),
            pytest.param("1.250", "KWD", 1_250, id="the dinar has three decimals"),
            pytest.param("7.00", "JPY", 7, id="zeros beyond the minor unit are no digits"),
            pytest.param("999999999999999.99", "EUR", 99_999_999_999_999_999, id="exact if large"),
        ],
    )
    def test_is_exact_minor_units(self, text: str, currency: str, minor: int) -> None:
        assert minor_units(text, currency, "amount") == minor

    @pytest.mark.parametrize("text", ["10.005", "1e3", "1,5", " 1", "1_000", "", "NaN", "٣"])
    def test_is_refused_where_it_is_not_an_exact_decimal(self, text: str) -> None:
        with pytest.raises(Undecodable, match="paid_amount"):
            DECODER.decode(envelope("repayment.posted.v1", {**REPAYMENT, "paid_amount": text}))

    def test_is_refused_as_a_json_number(self) -> None:
        with pytest.raises(Undecodable, match="paid_amount"):
            DECODER.decode(envelope("repayment.posted.v1", {**REPAYMENT, "paid_amount": 1250.5}))


class TestTime:
    @pytest.mark.parametrize(
        ("moment", "business_day"),
        [
            pytest.param("2024-01-31T22:59:59Z", "2024-01-31", id="before midnight in winter"),
            pytest.param("2024-01-31T23:00:00Z", "2024-02-01", id="midnight in winter"),
            pytest.param("2024-07-31T22:00:00Z", "2024-08-01", id="midnight in summer"),
            pytest.param("2024-07-31T21:59:59.999999Z", "2024-07-31", id="just before it"),
            pytest.param("2024-08-01T00:30:00+05:30", "2024-07-31", id="another offset"),
        ],
    )
    def test_the_business_day_is_the_banks(self, moment: str, business_day: str) -> None:
        event = DECODER.decode(envelope("repayment.posted.v1", REPAYMENT, time=moment))
        assert event.day == day(business_day)

    def test_a_moment_keeps_its_microseconds(self) -> None:
        raw = envelope("repayment.posted.v1", REPAYMENT, time="1970-01-02T00:00:00.000001Z")
        assert DECODER.decode(raw).at_us == 86_400_000_001

    def test_a_naive_time_is_refused(self) -> None:
        with pytest.raises(Undecodable, match="offset"):
            DECODER.decode(envelope("repayment.posted.v1", REPAYMENT, time="2024-03-31T10:00:00"))


class TestEvents:
    def test_a_repayment_is_read_whole(self) -> None:
        event = DECODER.decode(envelope("repayment.posted.v1", REPAYMENT))
        assert isinstance(event, loans.RepaymentPosted)
        assert (event.source, event.id, event.borrower_id) == ("core", "e-1", "b-1")
        assert (event.loan_id, event.paid_minor, event.currency) == ("l-1", 125_050, "EUR")
        assert event.value_day == day("2024-03-31")
        assert event.outstanding_principal_minor is None

    def test_unknown_fields_are_skipped(self) -> None:
        DECODER.decode(envelope("repayment.posted.v1", {**REPAYMENT, "new_field": [1, {}]}))

    def test_instalments_are_put_in_order_of_due_date(self) -> None:
        rows = [
            {
                "instalment_no": number,
                "due_date": due,
                "due_principal": "1",
                "due_interest": "0",
                "due_fees": "0",
            }
            for number, due in ((2, "2024-03-01"), (1, "2024-02-01"))
        ]
        data = {"loan_id": "l", "schedule_version": 1, "currency": "EUR", "instalments": rows}
        event = DECODER.decode(envelope("schedule.published.v1", data))
        assert isinstance(event, loans.SchedulePublished)
        assert event.due_days == [day("2024-02-01"), day("2024-03-01")]

    def test_statement_lines_are_multiplied_and_missing_ones_stay_missing(self) -> None:
        data = {
            "statement_id": "s",
            "period_end": "2023-12-31",
            "period_months": 12,
            "received_date": "2024-03-01",
            "currency": "EUR",
            "unit_multiplier": 1000,
            "revenue": "1.2345",
            "shares_outstanding": 7,
        }
        event = DECODER.decode(envelope("statement.received.v1", data))
        assert isinstance(event, credit_file.StatementReceived)
        assert event.lines[0] == 123_450
        assert event.lines[1] is None
        assert event.lines[-1] == 7

    @pytest.mark.parametrize(
        ("raw", "word"),
        [
            pytest.param(b"not json", "not readable", id="no JSON"),
            pytest.param(b"{}", "missing required field", id="an empty object"),
            pytest.param(
                envelope("nonsense.happened.v1", {}), "not an event type", id="unknown type"
            ),
            pytest.param(
                envelope("repayment.posted.v1", {**REPAYMENT, "channel": "PIGEON"}),
                "expected one of DEBIT",
                id="a word that is not in the vocabulary",
            ),
            pytest.param(
                envelope("account.transacted.v1", {}, correctsid="e-0", correctionkind="amendment"),
                "send a reversal",
                id="an amended flow",
            ),
            pytest.param(
                envelope("account.transacted.v1", {}, correctsid="e-0", correctionkind="backdate"),
                "correctionkind",
                id="a back-dated flow",
            ),
            pytest.param(
                envelope("repayment.reversed.v1", REPAYMENT),
                "correctsid",
                id="a reversal of nothing",
            ),
        ],
    )
    def test_what_cannot_be_read_says_why(self, raw: bytes, word: str) -> None:
        with pytest.raises(Undecodable, match=word):
            DECODER.decode(raw)


def _topic(path: Path) -> str:
    return EVENT_TYPES[json.loads(path.read_bytes())["type"]].topic


def valid_examples() -> list[Path]:
    every = sorted(EXAMPLES.glob("*/v1/examples/valid/*.json"))
    return [path for path in every if _topic(path) == "events"]


@pytest.mark.parametrize("path", valid_examples(), ids=lambda path: f"{path.parts[-5]}/{path.stem}")
def test_every_valid_example_of_the_events_topic_can_be_read(path: Path) -> None:
    raw = path.read_bytes()
    assert DECODER.decode(raw).id == json.loads(raw)["id"]


def test_every_type_of_the_events_topic_has_its_row_on_each_side() -> None:
    names = {EVENT_TYPES[name].data: name for name in ON_THE_TOPIC}
    assert TO_DOMAIN.keys() == names.keys()
    made = {get_type_hints(each)["return"]: names[data] for data, each in TO_DOMAIN.items()}
    assert made == {event: handler.type_name for event, handler in HANDLERS.items()}


@pytest.mark.parametrize(
    ("stated", "is_guess"),
    [({}, False), ({"category_confidence": "0.8"}, False), ({"category_confidence": "0.79"}, True)],
)
def test_a_category_below_four_fifths_is_a_guess(stated: dict[str, str], *, is_guess: bool) -> None:
    flow = {
        "account_id": "a-1",
        "direction": "CREDIT",
        "amount": "10.00",
        "currency": "EUR",
        "category": "SALARY_IN",
        "value_date": "2024-03-31",
        "channel": "TRANSFER",
        **stated,
    }
    event = DECODER.decode(envelope("account.transacted.v1", dict(flow)))
    assert isinstance(event, AccountTransacted)
    assert event.is_guess is is_guess
