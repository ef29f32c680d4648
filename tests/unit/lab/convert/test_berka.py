"""The Berka mapping: days, balances, instalments worked out by hand on a bank of two accounts."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lab.convert import berka_rows
from lab.convert.berka import Berka, chained, due_dates
from lab.convert.berka_rows import BerkaLoan, Transaction
from services.cli.errors import CommandError
from tests.fakes.wire_events import validated
from tests.unit.lab.convert.small_tables import write_berka


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    write_berka(tmp_path)
    return tmp_path


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Berka(folder=folder).lines()]


def test_every_event_is_one_that_the_contracts_accept(bank: Path) -> None:
    for line in Berka(folder=bank).lines():
        assert validated(line).value == line


def test_the_events_come_in_time_order_with_ids_of_their_own(bank: Path) -> None:
    found = events(bank)
    times = [event["time"] for event in found]
    assert times == sorted(times)
    assert len({event["id"] for event in found}) == len(found)


def test_the_bank_becomes_the_events_that_a_reader_expects(bank: Path) -> None:
    assert [event["id"] for event in events(bank)] == [
        "account:1",
        "account:2",
        "loan:9",
        "schedule:9:1",
        "trans:11",
        "trans:13",
        "trans:12",
        "repayment:12",
        "balance:1:1993-07-12",
        "balance:2:1993-07-12",
        "trans:1:1993-07-31:0",
        "balance:1:1993-07-31",
    ]


def test_what_begins_after_the_last_booking_is_left_out_and_counted(bank: Path) -> None:
    source = Berka(folder=bank)
    list(source.lines())
    assert source.counts["accounts_after_the_last_booking"] == 1
    assert source.counts["loans_after_the_last_booking"] == 1


def test_the_outcome_of_a_loan_never_reaches_an_event(bank: Path) -> None:
    (booked,) = [event for event in events(bank) if event["type"] == "loan.booked.v1"]
    assert set(booked["data"]) == {
        "loan_id",
        "type",
        "currency",
        "principal",
        "start_date",
        "maturity_date",
        "repayment_type",
    }


def test_a_pension_is_known_and_a_cash_deposit_is_a_guess(bank: Path) -> None:
    flows = {event["id"]: event["data"] for event in events(bank)}
    assert flows["trans:13"]["category"] == "SALARY_IN"
    assert "category_confidence" not in flows["trans:13"]
    assert flows["trans:11"]["category_confidence"] == "0.5"
    assert flows["trans:11"]["channel"] == "CASH"


def test_a_balance_is_the_one_printed_after_the_days_last_booking(bank: Path) -> None:
    balances = {event["id"]: event["data"].get("eod_balance") for event in events(bank)}
    assert balances["balance:1:1993-07-12"] == "300.00"
    assert balances["balance:1:1993-07-31"] == "285.40"


@pytest.mark.parametrize(
    ("granted", "months", "expected"),
    [
        pytest.param(date(1993, 7, 5), 2, ["1993-07-12", "1993-08-12"], id="before the 12th"),
        pytest.param(date(1993, 7, 12), 1, ["1993-08-12"], id="on the 12th, the next month's"),
        pytest.param(date(1993, 11, 30), 2, ["1993-12-12", "1994-01-12"], id="over the year's end"),
    ],
)
def test_instalments_fall_due_on_the_twelfth(
    granted: date, months: int, expected: list[str]
) -> None:
    loan = BerkaLoan(
        loan_id="1",
        account_id="1",
        granted=granted,
        amount=Decimal(300),
        months=months,
        payment=Decimal(100),
    )
    assert [str(due) for due in due_dates(loan)] == expected


def test_rounded_balances_still_chain() -> None:
    def booking(number: str, signed: str, balance: str) -> Transaction:
        amount = Decimal(signed)
        return Transaction(
            number=number,
            account_id="1",
            day=date(1994, 4, 16),
            is_credit=amount > 0,
            operation="VYBER",
            symbol="",
            amount=abs(amount),
            balance=Decimal(balance),
        )

    # 72254.60 - 3300 = 68954.60, printed 68954; less 20900 = 48054.60, printed 48054.
    found = chained(
        [booking("b", "-20900", "48054"), booking("a", "-3300", "68954")],
        opening=Decimal("72254.60"),
    )
    assert [each.number for each in found] == ["a", "b"]


def test_a_folder_without_the_tables_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none of berka_trans\.parquet"):
        list(Berka(folder=tmp_path).lines())


def test_days_are_closed_without_a_gap_at_the_next_days_first_moment(bank: Path) -> None:
    found = [json.loads(line) for line in Berka(folder=bank, day_closes=True).lines()]
    closes = [event for event in found if event["type"] == "day.closed.v1"]
    # 1 July to 31 July; midnight in Prague is 22:00 UTC of the day before.
    assert len(closes) == 31
    assert closes[0]["data"] == {"closed_date": "1993-07-01"}
    assert closes[0]["time"] == "1993-07-01T22:00:00Z"
    assert found[-1]["id"] == "day-closed:1993-07-31"
    assert [event["time"] for event in found] == sorted(event["time"] for event in found)


class TestPublicData:
    """The slice of the real data, where it is on this machine."""

    @pytest.fixture
    def folder(self) -> Path:
        beside = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "public"
        folder = Path(os.environ.get("TOCSIN_PUBLIC_DATA", beside))
        if not (folder / "berka_trans.parquet").exists():
            pytest.skip(f"public data is not in {folder}; set TOCSIN_PUBLIC_DATA")
        return folder

    def test_every_row_becomes_one_flow_and_nothing_comes_twice(self, folder: Path) -> None:
        rows = sum(1 for _ in berka_rows.transactions(folder))
        ids, times, flows = set(), [], 0
        for line in Berka(folder=folder).lines():
            event = json.loads(line)
            ids.add(event["id"])
            times.append(event["time"])
            flows += event["type"] == "account.transacted.v1"
        assert flows == rows
        assert len(ids) == len(times)
        assert times == sorted(times)
