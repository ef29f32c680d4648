"""Adds up the arrears and exposure of all loans and lines on days that go back in time.

A count of days that is derived again judges one stretch of days after the other. Between two of
them only the loans and lines that changed are read again, so the count costs all changes once, and
not all of them for each loan. Must stay true: on every day the totals are those of `exposure`.
"""

from heapq import heappop, heappush
from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure, stretches
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.rulebook.rulebook import Rules

NOTHING: Final = (0, 0, 0, 0, 0, 0)


class ArrearsTotals:
    """What a borrower owes and was lent, on a day that only moves back."""

    def __init__(self, borrower: Borrower, rules: Rules, day: int) -> None:
        """Add up the last day that is asked for."""
        self._borrower, self._rules = borrower, rules
        currency = borrower.profile.reporting_currency
        self._has_threshold = rules.materiality.is_listed(rules.segment, currency)
        self._has_disputes = any(loan.exclusions for loan in borrower.loans)
        self._terms = {loan.loan_id for loan in borrower.loans if exposure.is_lent(loan)}
        self._past_due = self._with_disputed = self._lent = self._untested = self._large = 0
        self._disputes_untested = 0
        self._amounts: list[tuple[int, ...]] = [NOTHING] * (
            len(borrower.loans) + len(borrower.facilities)
        )
        # Since when the amounts of each loan and line are what they are, the latest first.
        self._since: list[tuple[int, int]] = []
        for number in range(len(self._amounts)):
            self._read(number, day)

    def is_material(self, day: int) -> bool:
        """Return whether arrears exceed both materiality thresholds at the end of the day."""
        self._go_back(day)
        return self._untested > 0 or self._exceeds(day, self._past_due)

    def is_suspended(self, day: int) -> bool:
        """Return whether only a dispute makes arrears immaterial (EBA/GL/2016/07 paragraph 19)."""
        self._go_back(day)
        return self._has_disputes and (
            self._disputes_untested > 0 or self._exceeds(day, self._with_disputed)
        )

    def counts(self, day: int) -> bool:
        """Return whether an overdue amount counts for early warning at the end of the day."""
        self._go_back(day)
        return self._large > 0 and (self._untested > 0 or self._is_enough(day, self._past_due))

    def is_count_suspended(self, day: int) -> bool:
        """Return whether only a dispute leaves too little to count."""
        self._go_back(day)
        return self._has_disputes and (
            self._disputes_untested > 0 or self._is_enough(day, self._with_disputed)
        )

    def unchanged_since(self, day: int) -> int:
        """Return the first day of the stretch of equal days that ends with the day."""
        self._go_back(day)
        since = -self._since[0][0] if self._since else stretches.BEFORE_ALL
        if self._has_threshold:
            return since
        return max(since, stretches.rated_since(self._borrower, "EUR", day))

    def _exceeds(self, day: int, arrears: int) -> bool:
        return exposure.exceeds(self._borrower, self._rules, day, arrears, self._lent)

    def _is_enough(self, day: int, arrears: int) -> bool:
        return exposure.exceeds_counted(self._borrower, self._rules, day, arrears, self._lent)

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
        self._untested += amounts[3] - before[3]
        self._large += amounts[4] - before[4]
        self._disputes_untested += amounts[5] - before[5]
        heappush(self._since, (-since, number))

    def _of_loan(self, loan: Loan, day: int) -> tuple[int, ...]:
        borrower = self._borrower
        past_due = with_disputed = exposure.past_due_on(borrower, loan, day)
        if loan.exclusions:
            with_disputed = exposure.past_due_on(borrower, loan, day, with_disputed=True)
        untested = exposure.is_loan_untested(borrower, loan, self._rules, day)
        lent = exposure.outstanding_on(borrower, loan, day)
        large = bool(loan.due_days) and days_past_due.exceeds_instalment(loan, day, self._rules)
        disputed = exposure.is_dispute_untested(borrower, loan, self._rules, day)
        return past_due, with_disputed, lent, int(untested), int(large), int(disputed)

    def _of_line(self, line: Facility, day: int) -> tuple[int, ...]:
        borrower = self._borrower
        past_due = exposure.line_past_due_on(borrower, line, day)
        lent = 0 if line.loan_id in self._terms else exposure.drawn_on(borrower, line, day)
        untested = exposure.is_line_untested(borrower, line, self._rules, day)
        large = exposure.line_counts(line, day, self._rules)
        return past_due, past_due, lent, int(untested), int(large), 0
