"""Flows and undertakings of a borrower that are rare, each by its purpose.

Kept apart from `Flows`: a borrower without them pays for empty lists, and one that has them writes
them only when one comes. Each class is a table: its lists are columns, in order of day and inside
the day of reference or key, so that the order of arrival leaves no trace.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from services.scoring.domain.primitives.series import Series


@dataclass(slots=True)
class RecurringPayments:
    """A firm's payroll or a person's pay, and duties to others.

    ``wages`` are amounts; ``taxes``, ``social`` and ``utilities`` count payments by day.
    ``wages_due_day`` is when the next wages are expected by their own rhythm, 0 without one:
    derived, stored so that a day close need not derive it. ``ref`` are the newest wages.
    """

    wages: Series = field(default_factory=Series)
    taxes: Series = field(default_factory=Series)
    social: Series = field(default_factory=Series)
    utilities: Series = field(default_factory=Series)
    wages_due_day: int = 0
    ref: str = ""


@dataclass(slots=True)
class OutsideFunding:
    """Money of others: what came in without being revenue, and repayments that others made.

    ``inflows`` come from other lenders, owners and related parties; ``repaid_keys`` name the
    repayments of third parties by the keys of their payments.
    """

    inflows: Series = field(default_factory=Series)
    repaid_days: list[int] = field(default_factory=list)
    repaid_keys: list[int] = field(default_factory=list)


@dataclass(slots=True)
class LenderFlows:
    """Flows with other lenders, one by one while they are recent.

    ``keys`` are the lenders' digests, ``counts`` the number of flows. ``known`` are the lenders
    from before the flows stored, ascending. ``months[i]`` is what was paid to other lenders in
    month ``first_month + i``.
    """

    known: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    ref: str = ""
    first_month: int = 0
    months: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Drawdowns:
    """Drawdowns by value day, and where money went after one.

    ``payees`` records where the money of a drawdown went first. ``use_…`` is where money went
    after a drawdown, by day and purpose, only while one is recent (see `handlers.use_of_funds`).
    ``received`` is what came in on accounts from own loans, whether or not a drawdown is known.
    """

    days: list[int] = field(default_factory=list)
    minor: list[int] = field(default_factory=list)
    loans: list[str] = field(default_factory=list)
    payees: list[int] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    use_days: list[int] = field(default_factory=list)
    use_purposes: list[int] = field(default_factory=list)
    use_minor: list[int] = field(default_factory=list)
    received: Series = field(default_factory=Series)

    def columns(self) -> tuple[list[Any], ...]:
        """Return the columns of the drawdowns themselves."""
        return self.days, self.minor, self.loans, self.payees, self.refs


@dataclass(slots=True)
class Promises:
    """Promises to pay, in order of the day promised."""

    days: list[int] = field(default_factory=list)
    made_days: list[int] = field(default_factory=list)
    minor: list[int] = field(default_factory=list)
    loans: list[str] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)

    def columns(self) -> tuple[list[Any], ...]:
        """Return all columns."""
        return self.days, self.made_days, self.minor, self.loans, self.refs


@dataclass(slots=True)
class CashForecasts:
    """The borrower's own forecasts, in order of the period's end."""

    ends: list[int] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    metrics: list[int] = field(default_factory=list)
    minor: list[int] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)

    def columns(self) -> tuple[list[Any], ...]:
        """Return all columns."""
        return self.ends, self.months, self.metrics, self.minor, self.refs


@dataclass(slots=True)
class PassThrough:
    """Money that came in, and what of it was gone a business day later.

    Recorded only while a rulebook reads it, from ``since`` on. ``inflows`` is all money that came
    in, ``passed`` what of it was gone, settled through ``settled_through``; ``out_…`` are the
    payees of the days after that.
    """

    since: int = 0
    settled_through: int = 0
    inflows: Series = field(default_factory=Series)
    passed: Series = field(default_factory=Series)
    out_days: list[int] = field(default_factory=list)
    out_keys: list[int] = field(default_factory=list)
    out_minor: list[int] = field(default_factory=list)


def row_index(days: list[int], refs: list[str], day: int, ref: str) -> int:
    """Return where a row goes: by its day, inside the day by its reference."""
    index = bisect_left(days, day)
    while index < len(days) and days[index] == day and refs[index] < ref:
        index += 1
    return index


def remove_row(refs: list[str], columns: tuple[list[Any], ...], ref: str | None) -> bool:
    """Remove the row of the event that is named; return whether there was one."""
    if ref is None or ref not in refs:
        return False
    index = refs.index(ref)
    drop_rows(columns, index, index + 1)
    return True


def drop_rows(columns: tuple[list[Any], ...], start: int, end: int) -> None:
    """Drop the rows from `start` up to before `end`."""
    if end > start:
        for column in columns:
            del column[start:end]


def add_to_row(
    columns: tuple[list[int], list[int], list[int]], day: int, key: int, amount: int
) -> None:
    """Add to the sum of a day and key in columns ordered by both; a sum of 0 disappears."""
    days, keys, sums = columns
    index = bisect_left(days, day)
    while index < len(days) and days[index] == day and keys[index] < key:
        index += 1
    if index == len(days) or days[index] != day or keys[index] != key:
        days.insert(index, day)
        keys.insert(index, key)
        sums.insert(index, 0)
    sums[index] += amount
    if not sums[index]:
        del days[index], keys[index], sums[index]
