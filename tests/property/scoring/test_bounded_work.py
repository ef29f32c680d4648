"""Counting back costs the changes, not the days, and gives what counting day by day gives.

The day-by-day counts are here, as the oracle. Work is counted in days that are judged, never in
time.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.arrears import counters, exposure, facility_use, instalments
from services.scoring.domain.borrower.borrower import (
    Account,
    ArrearsExclusion,
    Borrower,
    Facility,
    Loan,
)
from services.scoring.domain.borrower.credit_file import Dependant
from services.scoring.domain.borrower.work import TooMuchWork, rows_of
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.dates import is_business_day
from services.scoring.domain.rulebook import calendars
from services.scoring.domain.rulebook.rulebook import Rules
from tests.fakes.story import Story
from tests.fakes.units import day, iso
from tests.property.scoring.histories import histories, lived

TODAY = day("2026-03-31")


def excess_day_by_day(line: Facility, today: int, tolerated: int) -> int | None:
    if facility_use.excess_on(line, today) <= tolerated:
        return None
    first, start = line.drawn.first_day, today
    while start > first and facility_use.excess_on(line, start - 1) > tolerated:
        start -= 1
    return line.excess_since if start == first and line.excess_since else start


def run_day_by_day(borrower: Borrower, today: int, rules: Rules) -> int:
    run, suspended = 0, 0
    while run + suspended < counters.LONGEST_RUN_DAYS:
        counted = today - run - suspended
        if exposure.is_material(borrower, counted, rules):
            run += 1
        elif exposure.is_suspended(borrower, counted, rules):
            suspended += 1
        else:
            break
    return run


reports = st.lists(
    st.tuples(
        st.integers(0, 8),  # Days before today.
        st.integers(0, 3),  # Drawn.
        st.integers(0, 3),  # Limit.
        st.sampled_from(("reports", "changes the limit", "prunes")),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=500)
@given(reports, st.integers(0, 22), st.integers(0, 1))
def test_an_excess_is_as_old_as_counted_day_by_day(
    steps: list[tuple[int, int, int, str]], back: int, tolerated: int
) -> None:
    line = Facility("F-1")
    for days_ago, drawn, limit, kind in steps:
        if kind == "reports":
            facility_use.record(line, TODAY - days_ago, drawn, limit, None)
        elif kind == "changes the limit":
            facility_use.change_limit(line, TODAY - days_ago, limit, None, 0)
        else:
            facility_use.forget_before(line, TODAY - days_ago)
    asked = TODAY + 10 - back
    expected = excess_day_by_day(line, asked, tolerated)
    assert facility_use.excess_since(line, asked, tolerated) == expected


@given(histories)
def test_a_run_is_as_long_as_counted_day_by_day(steps: list[tuple[str, int, int]]) -> None:
    story = lived(steps).story
    for today in (story.borrower.counters.closed_day, story.today, story.today - 40):
        counted = counters.material_run(story.borrower, today, story.rules)
        assert counted == run_day_by_day(story.borrower, today, story.rules)


def test_a_run_begins_with_the_payment_that_made_arrears_material() -> None:
    story = Story(start="2024-01-01")
    story.loan(100_000)
    story.schedule(("2024-01-01", 600), ("2025-01-01", 99_400))
    # 600 of 100,000 is less than 1 %; 599 of the 30,000 that are left from March on is more.
    story.on("2024-03-01").pays(1, outstanding_principal_minor=3_000_000)
    run = counters.material_run(story.borrower, day("2024-03-31"), story.rules)
    assert run == 31
    assert run == run_day_by_day(story.borrower, day("2024-03-31"), story.rules)


def test_reports_of_many_years_keep_the_days_that_are_read() -> None:
    line = Facility("F-1")
    for year in range(1970, 2026):
        facility_use.record(line, day(f"{year}-01-01"), 200, 100, None)
    assert len(line.drawn.reported) <= 4 * daily_values.KEPT_DAYS
    assert facility_use.excess_since(line, TODAY) == day("1970-01-01")


days = st.integers(TODAY - 40, TODAY + 40)


@given(st.lists(days, max_size=12), st.sets(days, max_size=30))
def test_due_days_move_as_one_by_one(due_days: list[int], off: set[int]) -> None:
    def moved(due_day: int) -> int:
        while not is_business_day(due_day) or due_day in off:
            due_day += 1
        return due_day

    ascending = sorted(due_days)
    holidays = tuple(sorted(off))
    assert calendars.moved_days(ascending, holidays) == [moved(each) for each in ascending]


def test_a_borrower_that_grows_too_large_is_refused_at_that_event() -> None:
    story = Story(start="2024-01-01")
    # A loan with its schedule of 2,000 instalments is 2,020 rows: nine fit into 20,000.
    due = [(iso(day("2024-01-01") + number), 1, 0) for number in range(2_000)]
    for number in range(9):
        story.loan(2_000, loan_id=f"L-{number}")
        story.schedule(*due, loan_id=f"L-{number}")
    assert rows_of(story.borrower) == 9 * 2_020
    story.loan(2_000, loan_id="L-9")
    with pytest.raises(TooMuchWork, match="20200 rows"):
        story.schedule(*due, loan_id="L-9")


def test_disputes_count_once_for_each_instalment() -> None:
    loan = Loan("L-1", due_days=list(range(210)), exclusions=[ArrearsExclusion("D", 1)] * 10)
    # 20 for the loan, 210 instalments, and ten disputes of a seventh of them each.
    assert rows_of(Borrower("B-1", loans=[loan])) == 20 + 210 + 300


payments = st.lists(
    st.tuples(
        st.integers(TODAY - 9, TODAY),  # Value day.
        st.integers(0, 400),  # Paid.
        st.sampled_from((-1, -1, 0, 300)),  # Outstanding principal that the core system stated.
    ),
    max_size=9,
).map(sorted)


@given(payments)
def test_payments_added_up_give_each_day_what_a_sum_gives(rows: list[tuple[int, int, int]]) -> None:
    loan = Loan("L-1", principal_minor=900, due_days=[TODAY - 8, TODAY - 2], due_cum=[400, 800])
    loan.interest_cum, loan.fees_cum, loan.carried_minor = [10, 20], [0, 0], 7
    loan.paid_days = [row[0] for row in rows]
    loan.paid_minor = [row[1] for row in rows]
    loan.paid_outstanding = [row[2] for row in rows]

    def figures() -> list[tuple[int, int]]:
        days = range(TODAY - 10, TODAY + 2)
        return [(instalments.paid_by(loan, d), instalments.loan_exposure(loan, d)) for d in days]

    summed = figures()
    with instalments.added_up([loan]):
        assert figures() == summed
    assert (loan.received, loan.stated) == ([], [])
    assert figures() == summed


class Read(list[int]):
    """Counts how many of its integers are read one by one or copied."""

    read = 0

    def __iter__(self) -> Iterator[int]:
        self.read += len(self)
        return super().__iter__()

    def __getitem__(self, index: Any) -> Any:
        item = super().__getitem__(index)
        self.read += len(item) if isinstance(item, list) else 1
        return item


def test_arrears_under_many_payments_read_each_payment_a_few_times() -> None:
    story = Story(start="2014-01-01")
    story.loan(100_000)
    story.schedule(*((f"{year}-01-01", 10_000, 0) for year in range(2015, 2025)))
    (loan,) = story.borrower.loans
    loan.paid_days = [TODAY - 2_000 + number for number in range(1_000)]
    amounts, outstanding = Read([100] * 1_000), Read([-1] * 1_000)
    loan.paid_minor, loan.paid_outstanding = amounts, outstanding
    loan.paid_keys = list(range(1_000))
    run = counters.material_run(story.borrower, TODAY, story.rules)
    # A thousand stretches: with a sum for each the same payments would be read a million times.
    assert run == run_day_by_day(story.borrower, TODAY, story.rules)
    amounts.read = outstanding.read = 0
    counters.material_run(story.borrower, TODAY, story.rules)
    assert amounts.read + outstanding.read <= 4 * 1_000


def test_an_account_too_many_is_refused_at_the_event_that_names_it() -> None:
    story = Story(start="2024-01-01")
    # Five rows each: 4,000 accounts are the 20,000 rows that a fold reads.
    story.borrower.accounts = [Account(f"a-{number}") for number in range(4_000)]
    story.balance(1, account="a-1")
    with pytest.raises(TooMuchWork, match="20005 rows"):
        story.balance(1, account="a-4000")


def test_the_loans_that_collateral_and_guarantees_name_count() -> None:
    story = Story(start="2024-01-01")
    names = [f"l-{number}" for number in range(1_000)]
    story.collateral(500, loan_ids=names)
    # One for the piece, and one for each four names.
    assert rows_of(story.borrower) == 1 + 250
    for number in range(2, 80):
        story.collateral(500, piece=f"c-{number}", loan_ids=names)
    with pytest.raises(TooMuchWork, match="20080 rows"):
        story.collateral(500, piece="c-80", loan_ids=names)


def test_a_drawdown_and_a_dependant_too_many_are_refused() -> None:
    story = Story(start="2024-01-01")
    dependants = story.borrower.credit_file.dependants
    dependants += [Dependant(f"b-{number}", 0) for number in range(2, 20_002)]
    with pytest.raises(TooMuchWork, match="20001 rows"):
        story.dependant("b-20002")
    dependants.pop()
    with pytest.raises(TooMuchWork, match="20001 rows"):
        story.draws(100)
