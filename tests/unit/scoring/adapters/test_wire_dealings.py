"""Drawdowns, promises, blocks and forecasts are read exactly."""

from zoneinfo import ZoneInfo

import pytest

from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.adapters.wire.values import Undecodable
from services.scoring.domain.events.accounts import AccountBlocked
from services.scoring.domain.events.credit_file import ForecastReceived
from services.scoring.domain.events.loans import LoanDisbursed, PromiseMade
from services.scoring.domain.primitives.vocabulary import FORECAST_EBITDA, SEIZURE
from tests.data_torture.events import examples
from tests.fakes.units import day
from tests.fakes.wire_events import event

DECODER = EventDecoder(ZoneInfo("Europe/Berlin"))


def read(kind: str, /, **data: object) -> object:
    return DECODER.decode(event(kind, "b-1", "e-1", day=0, **data))


def test_a_drawdown() -> None:
    event = read(
        "loan.disbursed",
        loan_id="l-1",
        disbursed_amount="1000.50",
        currency="EUR",
        value_date="2026-01-05",
        purpose_code="STOCK",
        payee_account_id="a-1",
    )
    assert isinstance(event, LoanDisbursed)
    assert (event.drawn_minor, event.value_day, event.payee_account_id) == (
        100_050,
        day("2026-01-05"),
        "a-1",
    )


def test_a_promise() -> None:
    event = read(
        "promise.made",
        loan_id="l-1",
        promise_amount="200",
        currency="EUR",
        promise_date="2026-01-12",
        made_date="2026-01-05",
    )
    assert isinstance(event, PromiseMade)
    assert (event.promised_minor, event.promise_day - event.made_day) == (20_000, 7)


def test_a_block() -> None:
    event = read(
        "account.blocked", account_id="a-1", block_kind="SEIZURE", effective_date="2026-01-05"
    )
    assert isinstance(event, AccountBlocked)
    assert (event.kind, event.effective_day) == (SEIZURE, day("2026-01-05"))


REPORTS = {
    "external-delinquency.reported": ("report_date", "report_day"),
    "inspection.recorded": ("inspection_date", "inspection_day"),
    "finding.raised": ("raised_date", "raised_day"),
    "collateral.valued": ("valuation_date", "valued_day"),
    "covenant.certified": ("test_date", "test_day"),
    "account.blocked": ("effective_date", "effective_day"),
}


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize(
    ("stated", "counts"),
    [("2026-02-05", "2026-02-05"), ("2026-02-06", "2026-01-05"), ("2199-12-31", "2026-01-05")],
)
def test_a_report_of_a_wrong_year_counts_from_its_booking(
    kind: str, stated: str, counts: str
) -> None:
    field, domain_field = REPORTS[kind]
    (example, *_) = examples(f"{kind}.v1")
    # Booked on 5 January 2026; 31 days later is 5 February.
    read_event = read(kind, **{**example["data"], field: stated})
    assert getattr(read_event, domain_field) == day(counts)


def test_a_kind_of_block_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Undecodable, match="block_kind"):
        read("account.blocked", account_id="a-1", block_kind="MOOD", effective_date="2026-01-05")


def test_a_forecast() -> None:
    event = read(
        "forecast.received",
        metric="ebitda",
        period_end="2026-12-31",
        period_months=12,
        value="8600000",
        currency="EUR",
        received_date="2026-01-05",
    )
    assert isinstance(event, ForecastReceived)
    assert (event.metric, event.forecast_minor) == (FORECAST_EBITDA, 860_000_000)
