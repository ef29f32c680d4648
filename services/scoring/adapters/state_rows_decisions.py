"""Decisions and concessions as plain arrays, and back; see `state_rows`. None: one empty array."""

from operator import attrgetter
from typing import Final

from services.scoring.adapters.state_rows import Dump, Fields, Row, names_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.decisions import Decisions, Forbearance, Override

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


def load_decisions(row: Row) -> Fields:
    """Return what `dump_decisions` took."""
    if not row:
        return {}
    overrides, forbearance, *clocks = row
    held = [Override(*one) for one in overrides]
    return {"decisions": Decisions(held, Forbearance(*forbearance), *clocks)}
