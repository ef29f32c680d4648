"""Reads figures out of a borrower's statements without ever inventing one.

Used by every F indicator. Flows are trailing twelve months, rolled forward from the periods that
were filed: a statement reports what happened between two month ends, so twelve months are a path of
such steps (four quarters; half-year + last year - last half-year; …), each added or taken away.
Never a quarter times four.

Must stay true: a missing line is missing, never zero; a trend needs the comparative period to have
been filed, so a borrower's first statement has none.
"""

from datetime import date
from itertools import pairwise
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Statement, StatementView
from services.scoring.domain.primitives.dates import SHORTEST_MONTH, plus_months
from services.scoring.domain.primitives.measurement import Reason
from services.scoring.domain.primitives.vocabulary import STATEMENT_LINES

YEAR_MONTHS: Final = 12
LINE_OF: Final = {name: position for position, name in enumerate(STATEMENT_LINES)}
# A financial year may end on the last Sunday, a few days into the next month.
DAYS_OF_GRACE_AFTER_MONTH_END: Final = 7


class CannotFormError(Exception):
    """A figure cannot be formed from what was filed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


def end_month(statement: Statement) -> int:
    """Return the month (year x 12 + month - 1) that the period closes."""
    return month_closed_by(statement.period_end_day)


def becomes_stale(borrower: Borrower, months: int, after: int, day: int) -> bool:
    """Return whether the newest statement becomes older than so many months in ``(after, day]``."""
    if not borrower.statements:
        return False
    # Days are counted first: nearly every day it is too early for the calendar.
    if day - figures_of(borrower).latest.period_end_day <= months * SHORTEST_MONTH:
        return False
    return after < stale_from(borrower, months) <= day


def stale_from(borrower: Borrower, months: int) -> int:
    """Return the first day on which the newest statement is older than so many months, 0 without
    any.
    """
    if not borrower.statements:
        return 0
    return plus_months(figures_of(borrower).latest.period_end_day, months) + 1


def month_closed_by(end_day: int) -> int:
    """Return the month that a period with this last day closes."""
    end = date.fromordinal(end_day)
    month = end.year * 12 + end.month - 1
    return month - 1 if end.day <= DAYS_OF_GRACE_AFTER_MONTH_END else month


def figures_of(borrower: Borrower) -> "StatementFigures":
    """Return the figures of the borrower's statements, read once for all indicators.

    Raises:
        CannotFormError: If no statement was filed.
    """
    view = borrower.statement_view
    if isinstance(view, StatementFigures) and view.made_of == borrower.statements:
        return view
    figures = borrower.statement_view = StatementFigures(borrower)
    return figures


class StatementFigures(StatementView):
    """Reads the statements that can be compared with the newest one.

    Args:
        borrower: Its statements; only those with the newest one's consolidation and accounting
            standard are compared. Of two for the same period the one filed later counts.

    Raises:
        CannotFormError: If no statement was filed.
    """

    __slots__ = ()

    def __init__(self, borrower: Borrower) -> None:
        if not borrower.statements:
            raise CannotFormError(Reason.NO_STATEMENT)
        latest = max(borrower.statements, key=lambda each: (end_month(each), each.period_months))
        super().__init__(latest, end_month(latest), list(borrower.statements))
        self._set_rhythm()
        for statement in borrower.statements:
            if self._is_comparable(statement):
                self._keep(statement)

    def _set_rhythm(self) -> None:
        """Set when the next statement follows, and by when it is due.

        By the shortest step between two balance dates, or by the newest statement's own period.
        Due from the newest balance date with a due date, moved on; of several the earliest: interim
        figures come before the audited ones.
        """
        by_end: dict[int, list[Statement]] = {}
        for statement in self.made_of:
            by_end.setdefault(end_month(statement), []).append(statement)
        ends = sorted(by_end)
        steps = [later - earlier for earlier, later in pairwise(ends)]
        self.rhythm = min([*steps, *(statement.period_months for statement in by_end[self.month])])
        for end in reversed(ends):
            dues = [each.due_day for each in by_end[end] if each.due_day is not None]
            if dues:
                self.next_due = plus_months(min(dues), self.month - end + self.rhythm)
                return

    def _is_comparable(self, statement: Statement) -> bool:
        return (
            statement.is_consolidated == self.latest.is_consolidated
            and statement.accounting_standard == self.latest.accounting_standard
        )

    def _keep(self, statement: Statement) -> None:
        period = (end_month(statement), statement.period_months)
        known = self.by_period.get(period)
        if known is None or statement.received_day >= known.received_day:
            self.by_period[period] = statement

    def check_comparable(self, years_back: int) -> None:
        """Check that policy and fiscal year are those of some years before.

        Raises:
            CannotFormError: If a statement since then was made by another policy or fiscal year.
        """
        if years_back and self._is_broken(years_back * YEAR_MONTHS):
            raise CannotFormError(Reason.NOT_COMPARABLE)

    def _is_broken(self, months_back: int) -> bool:
        first = self.month - months_back
        return any(
            (statement.policy_changed or statement.year_changed) and first < end
            for (end, _), statement in self.by_period.items()
        )

    def balance(self, line: str, *, years_back: int = 0) -> int:
        """Return a balance-sheet line at the newest balance date or some years before.

        Raises:
            CannotFormError: If that date or that line was not filed, or is not comparable.
        """
        self.check_comparable(years_back)
        amount = self.balance_or_none(line, months_back=years_back * YEAR_MONTHS)
        if amount is None:
            raise CannotFormError(
                Reason.NO_PRIOR_STATEMENT
                if years_back and not self._filed(self.month - years_back * YEAR_MONTHS)
                else Reason.MISSING_LINE
            )
        return amount

    def balance_or_none(self, line: str, *, months_back: int = 0) -> int | None:
        """Return a balance-sheet line, or None where it was not filed."""
        month, position = self.month - months_back, LINE_OF[line]
        for (end, _), statement in sorted(self.by_period.items(), reverse=True):
            if end == month and statement.lines[position] is not None:
                return statement.lines[position]
        return None

    def _filed(self, month: int) -> bool:
        return any(end == month for end, _ in self.by_period)

    def flow(self, line: str, *, years_back: int = 0) -> int:
        """Return a line of the last twelve months, or of the twelve some years before.

        Raises:
            CannotFormError: If the filed periods do not add up to those twelve months, or are not
                comparable.
        """
        self.check_comparable(years_back)
        amount = self.flow_or_none(line, months_back=years_back * YEAR_MONTHS)
        if amount is None:
            raise CannotFormError(self._why_no_flow(line, years_back))
        return amount

    def flow_or_none(self, line: str, *, months_back: int = 0) -> int | None:
        """Return a twelve-month flow ending some months back, or None if it cannot be formed."""
        end = self.month - months_back
        whole_year = self.by_period.get((end, YEAR_MONTHS))
        if whole_year is not None and whole_year.lines[LINE_OF[line]] is not None:
            return whole_year.lines[LINE_OF[line]]
        return self._rolled(LINE_OF[line], end, YEAR_MONTHS)

    def period_flow_or_none(self, line: str, *, months_back: int, months: int) -> int | None:
        """Return the flow of any run of months, if the filed periods add up to it."""
        return self._rolled(LINE_OF[line], self.month - months_back, months)

    def _why_no_flow(self, line: str, years_back: int) -> Reason:
        if years_back:
            return Reason.NO_PRIOR_STATEMENT
        if self.latest.lines[LINE_OF[line]] is None:
            return Reason.MISSING_LINE
        return Reason.SHORT_HISTORY

    def _rolled(self, position: int, end: int, months: int) -> int | None:
        wanted = (position, end, months)
        if wanted not in self.rolled:
            self.rolled[wanted] = self._path(position, end, months)
        return self.rolled[wanted]

    def _path(self, position: int, end: int, months: int) -> int | None:
        """Return the flow between two month ends, by the shortest path of filed periods."""
        steps = self._steps(position)
        totals = {end - months: 0}
        frontier = [end - months]
        while frontier and end not in totals:
            following: list[int] = []
            for month in frontier:
                for target, amount in steps.get(month, ()):
                    if target not in totals:
                        totals[target] = totals[month] + amount
                        following.append(target)
            frontier = following
        return totals.get(end)

    def _steps(self, position: int) -> dict[int, list[tuple[int, int]]]:
        """Return, per month end, where a filed period leads and what happens on the way."""
        steps: dict[int, list[tuple[int, int]]] = {}
        for (end, months), statement in sorted(self.by_period.items()):
            amount = statement.lines[position]
            if amount is not None:
                steps.setdefault(end - months, []).append((end, amount))
                steps.setdefault(end, []).append((end - months, -amount))
        return steps

    def flow_pair(self, line: str) -> tuple[int, int]:
        """Return a flow now and a year before: twelve months where both can be rolled, else the
        newest statement's own period and the same period of last year.

        Raises:
            CannotFormError: If there is no comparable period.
        """
        self.check_comparable(1)
        now = self.flow_or_none(line)
        before = self.flow_or_none(line, months_back=YEAR_MONTHS)
        if now is not None and before is not None:
            return now, before
        months = self.latest.period_months
        position = LINE_OF[line]
        own = self.latest.lines[position]
        if own is None:
            raise CannotFormError(Reason.MISSING_LINE)
        same = self.by_period.get((self.month - YEAR_MONTHS, months))
        prior = same.lines[position] if same is not None else None
        if prior is None:
            raise CannotFormError(Reason.NO_PRIOR_STATEMENT)
        return own, prior

    def own_or_flow(self, line: str) -> int:
        """Return twelve months where they can be rolled, else the newest statement's own period.

        Raises:
            CannotFormError: If the line was not filed.
        """
        rolled = self.flow_or_none(line)
        own = self.latest.lines[LINE_OF[line]]
        if rolled is None and own is None:
            raise CannotFormError(Reason.MISSING_LINE)
        return rolled if rolled is not None else own or 0
