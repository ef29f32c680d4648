"""Decisions and concessions as plain arrays, and back; see `state_rows`. None: one empty array."""

from operator import attrgetter
from typing import Final

from services.scoring.adapters.state_rows import Dump, Row, names_of
from services.scoring.domain.decisions import Decisions, Forbearance, Override
from services.scoring.domain.facts import Borrower

EMPTY: Final = Decisions()
_override: Final[Dump] = attrgetter(*names_of(Override))
_clocks: Final[Dump] = attrgetter(*names_of(Decisions)[2:])
_forbearance: Final[Dump] = attrgetter(*names_of(Forbearance))


def dump_decisions(borrower: Borrower) -> Row:
    """Return everything that was decided about the borrower."""
    decisions = borrower.decisions
    if decisions == EMPTY:
        return []
    return [
        [_override(one) for one in decisions.overrides],
        _forbearance(decisions.forbearance),
        *_clocks(decisions),
    ]


def load_decisions(borrower: Borrower, row: Row) -> None:
    """Put back what `dump_decisions` took."""
    if row:
        overrides, forbearance, *clocks = row
        borrower.decisions = Decisions(
            [Override(*one) for one in overrides], Forbearance(*forbearance), *clocks
        )
