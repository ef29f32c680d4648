"""Counts the work that one fold of a borrower is, in rows of facts that it reads: never in time.

A verdict by time would give other bytes on another machine. The largest borrower that is still
folded takes less than 200 ms for an event or a close; one beyond it is refused by the fold, and the
shell isolates it. Must stay true: the count depends on the facts alone, and an event that makes a
borrower too large is the same one however the log was cut into batches.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan

# About 8 microseconds each. A corporate with 500 loans and a schedule for each has 16,000.
MOST_ROWS: Final = 20_000
LOAN_ROWS: Final = 20
LINE_ROWS: Final = 20
ACCOUNT_ROWS: Final = 5
STATEMENT_ROWS: Final = 20
# Each is looked up among the states that linked borrowers reported.
LINK_ROWS: Final = 10
# The loans that a piece or a guarantee names, up to 128 characters each: they are bytes to store.
NAMES_A_ROW: Final = 4
# An exclusion is compared with every instalment, which takes a seventh of reading one.
INSTALMENTS_AN_EXCLUSION: Final = 7
# Days of a balance or a line are read as one list.
DAYS_A_ROW: Final = 8


class TooMuchWork(ValueError):
    """The borrower has more rows of facts than a fold may read."""


def check(borrower: Borrower) -> None:
    """Raise if the borrower has become too large to be folded.

    Raises:
        TooMuchWork: With the number of rows.
    """
    rows = rows_of(borrower)
    if rows > MOST_ROWS:
        raise TooMuchWork(
            f"the borrower has {rows} rows of facts, and a fold reads {MOST_ROWS} at most: "
            "split it, or close days so that what is settled is dropped"
        )


def rows_of(borrower: Borrower) -> int:
    """Return how many rows one fold of the borrower reads."""
    file = borrower.credit_file
    rows = ACCOUNT_ROWS * len(borrower.accounts) + STATEMENT_ROWS * len(borrower.statements)
    rows += LINK_ROWS * (len(file.links) + len(file.guarantors))
    names = sum(len(piece.loan_ids) for piece in file.collateral)
    names += sum(len(guarantor.loan_ids) for guarantor in file.guarantors)
    rows += names // NAMES_A_ROW
    rows += len(file.collateral) + len(file.covenants) + len(file.reports) + len(file.findings)
    rows += len(file.related) + len(file.dependants) + len(file.deadlines)
    rows += len(borrower.decisions.overrides) + len(borrower.bounces.days)
    rows += len(borrower.promises.days) + len(borrower.drawdowns.days)
    for loan in borrower.loans:
        rows += _rows_of_loan(loan)
    for line in borrower.facilities:
        rows += _rows_of_line(line)
    return rows


def _rows_of_loan(loan: Loan) -> int:
    instalments = len(loan.due_days) + len(loan.paid_days)
    for past in loan.past:
        instalments += len(past.due_days)
    excluded = len(loan.exclusions) * instalments // INSTALMENTS_AN_EXCLUSION
    return LOAN_ROWS + instalments + excluded


def _rows_of_line(line: Facility) -> int:
    days = len(line.drawn.reported) // DAYS_A_ROW
    return LINE_ROWS + days + len(line.limit_days) + len(line.late_days)
