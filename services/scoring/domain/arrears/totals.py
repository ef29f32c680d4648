"""Adds up the arrears and exposure of all loans and lines on days that go back in time.

A count of days that is derived again judges one stretch of days after the other. Between two of
them only the loans and lines that changed are read again, so the count costs all changes once, and
not all of them for each loan. Must stay true: on every day the totals are those of `exposure`.
"""

from heapq import heappop, heappush
from typing import Final

from services.scoring.domain.arrears import exposure, facility_use, stretches
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.rulebook.rulebook import Rules

NOTHING: Final = (0, 0, 0)


class ArrearsTotals:
    """What a borrower owes and was lent, on a day that only moves back."""

    def __init__(self, borrower: Borrower, day: int) -> None:
        """Add up the last day that is asked for."""
        self._borrower = borrower
        self._has_disputes = any(loan.exclusions for loan in borrower.loans)
        self._terms = {loan.loan_id for loan in borrower.loans if exposure.is_lent(loan)}
        self._past_due = self._with_disputed = self._lent = 0
        self._amounts = [NOTHING] * (len(borrower.loans) + len(borrower.facilities))
        # Since when the amounts of each loan and line are what they are, the latest first.
        self._since: list[tuple[int, int]] = []
        for number in range(len(self._amounts)):
            self._read(number, day)

    def is_material(self, day: int, rules: Rules) -> bool:
        """Return whether arrears exceed both materiality thresholds at the end of the day."""
        self._go_back(day)
        return self._exceeds(self._past_due, rules)

    def is_suspended(self, day: int, rules: Rules) -> bool:
        """Return whether only a dispute makes arrears immaterial (EBA/GL/2016/07 paragraph 19)."""
        self._go_back(day)
        return self._has_disputes and self._exceeds(self._with_disputed, rules)

    def unchanged_since(self, day: int) -> int:
        """Return the first day of the stretch of equal days that ends with the day."""
        self._go_back(day)
        return -self._since[0][0] if self._since else stretches.BEFORE_ALL

    def _exceeds(self, arrears: int, rules: Rules) -> bool:
        if arrears <= 0:
            return False
        currency = self._borrower.profile.reporting_currency
        return rules.materiality.is_material(rules.segment, currency, arrears, self._lent)

    def _go_back(self, day: int) -> None:
        while self._since and -self._since[0][0] > day:
            _, number = heappop(self._since)
            self._read(number, day)

    def _read(self, number: int, day: int) -> None:
        """Put the amounts of one loan or line on the day in the place of those it had."""
        borrower, loans = self._borrower, self._borrower.loans
        if number < len(loans):
            amounts = self._of_loan(loans[number], day)
            since = stretches.loan_unchanged_since(borrower, loans[number], day)
        else:
            line = borrower.facilities[number - len(loans)]
            amounts = self._of_line(line, day)
            since = stretches.line_unchanged_since(borrower, line, day)
        before = self._amounts[number]
        self._amounts[number] = amounts
        self._past_due += amounts[0] - before[0]
        self._with_disputed += amounts[1] - before[1]
        self._lent += amounts[2] - before[2]
        heappush(self._since, (-since, number))

    def _of_loan(self, loan: Loan, day: int) -> tuple[int, int, int]:
        borrower = self._borrower
        past_due = with_disputed = exposure.past_due_on(borrower, loan, day)
        if loan.exclusions:
            with_disputed = exposure.past_due_on(borrower, loan, day, with_disputed=True)
        return past_due, with_disputed, exposure.outstanding_on(borrower, loan, day)

    def _of_line(self, line: Facility, day: int) -> tuple[int, int, int]:
        excluded = exposure.lines_are_excluded(self._borrower, day)
        past_due = 0 if excluded else facility_use.past_due(line, day)
        lent = 0 if line.loan_id in self._terms else facility_use.drawn_on(line, day) or 0
        return past_due, past_due, lent
