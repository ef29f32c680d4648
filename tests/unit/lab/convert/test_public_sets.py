"""The mappings of the US firms, the Polish firms and the card holders, worked out by hand."""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lab.convert import tables
from lab.convert.canonical import Label
from lab.convert.commands import write_labels
from lab.convert.polish import Polish, lines_of
from lab.convert.uci_cards import UciCards
from lab.convert.us_firms import UsFirms
from tests.fakes.wire_events import validated
from tests.unit.lab.convert.small_tables import CARD_ROW, POLISH_ROW, US_ROW


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put rows where the tables would be, by a part of the file's name."""

    def put(**found: list[dict[str, str]]) -> None:
        def rows(folder: Path, *, names: tuple[str, ...]) -> Any:
            return iter(next(found[part] for part in found if part in names[0]))

        monkeypatch.setattr(tables, "rows", rows)

    return put


def events(source: Any) -> list[dict[str, Any]]:
    lines = list(source.lines())
    for line in lines:
        assert validated(line).value == line
    found = [json.loads(line) for line in lines]
    assert [event["time"] for event in found] == sorted(event["time"] for event in found)
    assert len({event["id"] for event in found}) == len(found)
    return found


def of_type(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event["data"] for event in found if event["type"] == name]


class TestUsFirms:
    def test_a_year_becomes_a_statement_received_ninety_days_on(self, holds: Any) -> None:
        holds(firm_years=[US_ROW])
        (statement,) = of_type(events(UsFirms(folder=Path())), "statement.received.v1")
        # 2004 is a leap year: 90 days after 31 December 2003 is 30 March.
        assert statement["period_end"] == "2003-12-31"
        assert statement["received_date"] == "2004-03-30"
        assert statement["unit_multiplier"] == 1_000_000
        assert statement["equity"] == "4.0000"
        assert statement["cogs"] == "7.2500"

    def test_what_the_source_does_not_have_is_left_out_never_zero(self, holds: Any) -> None:
        holds(firm_years=[US_ROW])
        (statement,) = of_type(events(UsFirms(folder=Path())), "statement.received.v1")
        assert not {"inventory", "cash", "interest_expense", "cfo"} & set(statement)

    def test_neither_market_value_nor_outcome_reaches_an_event(self, holds: Any) -> None:
        holds(firm_years=[US_ROW])
        assert "77" not in json.dumps(events(UsFirms(folder=Path())))

    def test_a_failure_is_labelled_with_the_end_of_the_year_after(self, holds: Any) -> None:
        holds(
            labels=[
                {"borrower_id": "US-F00007", "label": "1", "fail_fy": "2003.0"},
                {"borrower_id": "US-F00008", "label": "0", "fail_fy": ""},
            ]
        )
        assert list(UsFirms(folder=Path()).labels()) == [
            Label("US-F00007", date(2004, 12, 31)),
            Label("US-F00008", None),
        ]


class TestPolish:
    def test_lines_are_ratios_times_what_they_are_ratios_of(self) -> None:
        lines = lines_of(POLISH_ROW)
        found = {name: None if value is None else int(value) for name, value in lines.items()}
        assert found == {
            "total_assets": 10_000,
            "revenue": 12_500,
            "cogs": 10_000,
            "ebit": 300,
            "profit_before_tax": 300,
            "net_income": 200,
            "interest_expense": 200,
            "depreciation_amortisation": 300,  # 0.1 x 5,000 less net income of 200
            "current_assets": 6_000,
            "inventory": 1_250,
            "receivables": 2_500,
            "cash": 500,
            "current_liabilities": 3_000,
            "long_term_debt": 1_000,
            "total_liabilities": 6_000,  # assets less equity, whatever attr2 says
            "retained_earnings": None,
            "equity": 4_000,
        }

    def test_a_real_gap_stays_a_gap(self, holds: Any) -> None:
        holds(polish=[POLISH_ROW])
        statement = of_type(events(Polish(folder=Path())), "statement.received.v1")[-1]
        assert "retained_earnings" not in statement

    def test_the_year_before_is_known_by_its_sales_alone(self, holds: Any) -> None:
        holds(polish=[POLISH_ROW])
        before = of_type(events(Polish(folder=Path())), "statement.received.v1")[0]
        assert before["period_end"] == "2011-12-31"
        assert before["revenue"] == "10000.0000"
        assert "total_assets" not in before

    def test_an_exact_copy_is_left_out_and_counted(self, holds: Any) -> None:
        holds(polish=[POLISH_ROW, dict(POLISH_ROW), {**POLISH_ROW, "attr1": "0.01"}])
        source = Polish(folder=Path())
        found = events(source)
        assert len(of_type(found, "borrower.registered.v1")) == 2
        assert source.counts["exact_copies_left_out"] == 1


class TestCards:
    def test_months_late_are_stated_and_nothing_is_invented(self, holds: Any) -> None:
        holds(uci=[{**CARD_ROW, "pay_2": "2", "pay_0": "-2", "pay_amt1": "300.0"}])
        found = events(UciCards(folder=Path()))
        bills = of_type(found, "facility.balance-closed.v1")
        assert [bill["months_past_due"] for bill in bills] == [0, 0, 0, 0, 2, 0]
        assert [bill["balance_date"] for bill in bills][::5] == ["2005-04-30", "2005-09-30"]
        (paid,) = of_type(found, "repayment.posted.v1")
        assert (paid["value_date"], paid["paid_amount"]) == ("2005-09-30", "300.00")
        assert not of_type(found, "schedule.published.v1")

    def test_days_are_closed_at_the_six_month_ends_only(self, holds: Any) -> None:
        holds(uci=[CARD_ROW])
        closed = of_type(events(UciCards(folder=Path())), "day.closed.v1")
        assert len(closed) == 6


def test_labels_are_written_with_an_empty_date_for_none(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    assert write_labels([Label("A", date(2005, 10, 31)), Label("B", None)], out=out) == 1
    assert out.read_text() == "borrower_id,event_date\nA,2005-10-31\nB,\n"


class TestPublicData:
    """The real tables, where they are on this machine: labels only, which is quick."""

    @pytest.fixture
    def folder(self) -> Path:
        beside = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "public"
        folder = Path(os.environ.get("TOCSIN_PUBLIC_DATA", beside))
        if not (folder / "us_labels.parquet").exists():
            pytest.skip(f"public data is not in {folder}; set TOCSIN_PUBLIC_DATA")
        return folder

    def test_as_many_firms_fail_as_the_source_says(self, folder: Path) -> None:
        labels = list(UsFirms(folder=folder).labels())
        assert len(labels) == 3_528
        assert all(label.borrower_id.startswith("US-F") for label in labels)
