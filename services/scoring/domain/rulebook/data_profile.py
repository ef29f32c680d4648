"""Names which kinds of data are known about a borrower, because cuts are set per such profile.

A score from statements alone and a score from everything are not comparable: the same cut is loud
on one and silent on the other. Must stay true: the profile reads only facts that accumulate (a loan
that ended and a statement that is too old still count), so it changes when data come or are taken
back and never by itself.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.rulebook.rulebook import ACCOUNT, STATEMENT

FULL: Final = "full"
NO_ACCOUNTS: Final = "no_accounts"
STATEMENTS_ONLY: Final = "statements_only"
REPAYMENTS_ONLY: Final = "repayments_only"
ACCOUNTS_ONLY: Final = "accounts_only"
# How much is known, by statements (1), loans and lines (2) and accounts (4); empty for nothing.
_BY_KINDS: Final = (
    "",
    STATEMENTS_ONLY,
    REPAYMENTS_ONLY,
    NO_ACCOUNTS,
    ACCOUNTS_ONLY,
    FULL,
    FULL,
    FULL,
)
DATA_PROFILES: Final = (FULL, NO_ACCOUNTS, STATEMENTS_ONLY, REPAYMENTS_ONLY, ACCOUNTS_ONLY)


def data_profile_of(borrower: Borrower) -> str:
    """Return the data profile of a borrower; empty while nothing but its registration is known."""
    kinds = 1 if borrower.statements else 0
    if borrower.loans or borrower.facilities:
        kinds |= 2
    if borrower.flows.known_day:
        kinds |= 4
    return _BY_KINDS[kinds]


def families_without_data(borrower: Borrower) -> list[int]:
    """Return the families of which nothing ever came: no statement, none announced, no booking."""
    families = [] if borrower.flows.known_day else [ACCOUNT]
    if not borrower.statements and not borrower.credit_file.deadlines:
        families.append(STATEMENT)
    return families
