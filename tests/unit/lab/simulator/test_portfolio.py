"""The simulated portfolio: repeatable, labelled by causes, free of internal contradictions."""

import hashlib
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lab.simulator import canonical
from lab.simulator.booking_faults import NONE
from lab.simulator.events import SimulatedEvent
from lab.simulator.portfolio import Portfolio, Setup, assign_scenarios
from lab.simulator.scenarios.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[4]
WHOLE_RUN = Setup(seed=11, borrowers=60, days=540)


def everything(setup: Setup) -> list[SimulatedEvent]:
    return [event for _, booked in Portfolio(setup).simulate() for event in booked]


def digest(setup: Setup) -> str:
    lines = b"\n".join(canonical.encode(event) for event in everything(setup))
    return hashlib.sha256(lines).hexdigest()


@pytest.fixture(scope="module")
def lived() -> tuple[Portfolio, list[SimulatedEvent]]:
    portfolio = Portfolio(WHOLE_RUN)
    return portfolio, [event for _, booked in portfolio.simulate() for event in booked]


def test_the_same_seed_gives_the_same_bytes() -> None:
    setup = Setup(seed=3, borrowers=12, days=120)
    assert digest(setup) == digest(setup)


def test_another_seed_gives_another_portfolio() -> None:
    assert digest(Setup(seed=3, borrowers=12, days=60)) != digest(
        Setup(seed=4, borrowers=12, days=60)
    )


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_hash_seed_of_python_changes_nothing(hash_seed: str) -> None:
    script = (
        "import hashlib; from lab.simulator import canonical; "
        "from lab.simulator.portfolio import Portfolio, Setup; "
        "portfolio = Portfolio(Setup(seed=3, borrowers=12, days=60)); "
        "lines = [canonical.encode(e) for _, booked in portfolio.simulate() for e in booked]; "
        "print(hashlib.sha256(b'\\n'.join(lines)).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.strip() == digest(Setup(seed=3, borrowers=12, days=60))


def test_events_come_in_booking_order(lived: tuple[Portfolio, list[SimulatedEvent]]) -> None:
    times = [event.time for event in lived[1]]
    assert times == sorted(times)


def test_no_two_events_of_a_source_share_an_id(
    lived: tuple[Portfolio, list[SimulatedEvent]],
) -> None:
    named = Counter((event.source, event.id) for event in lived[1])
    assert max(named.values()) == 1


def test_every_statement_balances_to_the_cent(
    lived: tuple[Portfolio, list[SimulatedEvent]],
) -> None:
    statements = [event.data for event in lived[1] if event.type == "statement.received.v1"]
    assert len(statements) > 50
    for lines in statements:
        amount = {name: Decimal(text) for name, text in lines.items() if name in MONEY_LINES}
        assert amount["total_assets"] == amount["total_liabilities"] + amount["equity"]
        assert amount["current_assets"] == sum(
            amount[name] for name in ("cash", "receivables", "inventory", "other_current_assets")
        )
        assert amount["gross_profit"] == amount["revenue"] - amount["cogs"]
        assert amount["net_income"] == amount["profit_before_tax"] - amount["tax_expense"]


MONEY_LINES = {
    "total_assets",
    "total_liabilities",
    "equity",
    "current_assets",
    "cash",
    "receivables",
    "inventory",
    "other_current_assets",
    "gross_profit",
    "revenue",
    "cogs",
    "net_income",
    "profit_before_tax",
    "tax_expense",
}


def test_balances_follow_from_bookings(lived: tuple[Portfolio, list[SimulatedEvent]]) -> None:
    last: dict[str, Decimal] = {}
    for event in lived[1]:
        if event.type == "account.transacted.v1":
            amount = Decimal(event.data["amount"])
            signed = amount if event.data["direction"] == "CREDIT" else -amount
            after = Decimal(event.data["balance_after"])
            if event.subject in last:
                assert last[event.subject] + signed == after
            last[event.subject] = after
        elif event.type == "account.balance-closed.v1" and event.subject in last:
            assert Decimal(event.data["eod_balance"]) == last[event.subject]
    assert min(last.values()) >= 0


def test_labels_have_causes(lived: tuple[Portfolio, list[SimulatedEvent]]) -> None:
    portfolio, events = lived
    failures = Counter(
        event.subject
        for event in events
        if event.type == "repayment.failed.v1"
        and event.data["failure_reason"] == "INSUFFICIENT_FUNDS"
    )
    for label in portfolio.outcomes():
        if label.event is None:
            continue
        assert label.distress is not None
        assert label.distress <= label.event
        assert failures[label.borrower_id] >= 2, label


def test_the_first_missed_instalment_is_that_of_the_first_debit_that_failed(
    lived: tuple[Portfolio, list[SimulatedEvent]],
) -> None:
    portfolio, events = lived
    first_failures: dict[str, int] = {}
    for event in events:
        if event.type == "repayment.failed.v1":
            day = date.fromisoformat(event.data["value_date"]).toordinal()
            first_failures.setdefault(event.subject, day)
    labels = portfolio.outcomes()
    assert {label.borrower_id: label.first_missed for label in labels if label.first_missed} == (
        first_failures
    )
    failing = [label for label in labels if label.event is not None]
    assert all(label.first_missed in first_failures.values() for label in failing)


def test_healthy_borrowers_always_have_the_money(
    lived: tuple[Portfolio, list[SimulatedEvent]],
) -> None:
    portfolio, events = lived
    sound = {label.borrower_id for label in portfolio.outcomes() if label.distress is None}
    for event in events:
        if event.subject in sound:
            assert event.type != "account.item-returned.v1"
            assert event.data.get("failure_reason") != "INSUFFICIENT_FUNDS"


def test_about_one_in_ten_fails(lived: tuple[Portfolio, list[SimulatedEvent]]) -> None:
    failed = [label for label in lived[0].outcomes() if label.event is not None]
    assert 5 <= len(failed) <= 8


def test_arrears_of_the_label_are_arrears_of_the_events() -> None:
    setup = Setup(seed=11, borrowers=60, days=540, faults=NONE)
    portfolio = Portfolio(setup)
    events = [event for _, booked in portfolio.simulate() for event in booked]
    for label in portfolio.outcomes():
        if label.event is None or label.group == "sudden_default":
            continue
        theirs = [event for event in events if event.subject == label.borrower_id]
        days = (first_day_past(theirs, days=90), first_day_in_excess(theirs, days=90))
        assert min(day for day in days if day is not None) == label.event, label


def first_day_in_excess(events: list[SimulatedEvent], *, days: int) -> int | None:
    """Work out from the events alone when a line was first above its limit for so long."""
    since: int | None = None
    for event in events:
        if event.type != "facility.balance-closed.v1":
            continue
        day = date.fromisoformat(event.data["balance_date"]).toordinal()
        if since is not None and day - since >= days:
            return since + days
        is_above = Decimal(event.data["drawn_amount"]) > Decimal(event.data["limit_amount"])
        since = (since or day) if is_above else None
    return None


def first_day_past(events: list[SimulatedEvent], *, days: int) -> int | None:
    """Work out from the events alone when a loan was first more than `days` days past due."""
    earliest: int | None = None
    for loan_id in sorted({e.data["loan_id"] for e in events if e.type.startswith("schedule")}):
        due: list[tuple[int, Decimal]] = []
        paid: list[tuple[int, Decimal]] = []
        for event in events:
            if event.data.get("loan_id") != loan_id:
                continue
            if event.type == "schedule.published.v1":
                due = [
                    (
                        date.fromisoformat(item["due_date"]).toordinal(),
                        Decimal(item["due_principal"]) + Decimal(item["due_interest"]),
                    )
                    for item in event.data["instalments"]
                ]
            elif event.type == "repayment.posted.v1":
                day = date.fromisoformat(event.time[:10]).toordinal()
                paid.append((day, Decimal(event.data["paid_amount"])))
        crossed = _first_crossing(due, paid, days=days)
        if crossed is not None and (earliest is None or crossed < earliest):
            earliest = crossed
    return earliest


def _first_crossing(
    due: list[tuple[int, Decimal]], paid: list[tuple[int, Decimal]], *, days: int
) -> int | None:
    last_day = WHOLE_RUN.start.toordinal() + WHOLE_RUN.days - 1
    owed = Decimal(0)
    for due_day, amount in due:
        owed += amount
        tolerance = max(Decimal(1), amount / 1000)
        crossing = due_day + days + 1
        if crossing > last_day:
            return None
        had = sum((money for day, money in paid if day <= crossing), Decimal(0))
        if owed - had > tolerance:
            return crossing
    return None


def test_every_scenario_is_dealt_in_a_portfolio_of_some_size() -> None:
    dealt = Counter(scenario for _, scenario in assign_scenarios(Setup(borrowers=400)))
    assert set(dealt) == set(CATALOGUE)
    assert 0.70 <= dealt["healthy"] / 400 <= 0.85


def test_a_story_is_only_dealt_to_those_who_can_live_it() -> None:
    for segment, scenario in assign_scenarios(Setup(borrowers=400)):
        assert segment in CATALOGUE[scenario].segments


def test_a_portfolio_needs_at_least_one_borrower() -> None:
    with pytest.raises(ValueError, match="borrowers is 0"):
        Setup(borrowers=0)
