"""The portfolio's queries: by primary key and page, never the whole table at once."""

from datetime import date
from typing import Final

import msgspec

from services.contracts.currencies import decimals_of
from services.kit.database import Connection
from services.scoring.adapters.wire_values import scaled
from services.scoring.application.portfolio import MonthEnd, Period, Wanted
from services.scoring.application.ports import StoredState
from services.scoring.domain.portfolio.risk_points import BorrowerMonth
from services.scoring.domain.primitives.dates import month_of

PAGE = """
SELECT borrower_id, partition, closed_offset, state
  FROM scoring.borrower
 WHERE borrower_id > $1
   AND ($2::text IS NULL OR officer_id = $2)
   AND ($3::text IS NULL OR branch_id = $3)
   AND ($4::text IS NULL OR segment = $4)
   AND (cardinality($5::text[]) = 0 OR risk_state = ANY ($5))
 ORDER BY borrower_id LIMIT $6
"""
MONTH_ENDS = """
SELECT borrower_id, sequence, as_of, event
  FROM scoring.assessment
 WHERE (borrower_id, sequence) > ($1, $2)
   AND as_of BETWEEN $3 AND $4
   AND position('"MONTH_CLOSE"'::bytea IN event) > 0
 ORDER BY borrower_id, sequence LIMIT $5
"""
LIT: Final = frozenset({"AMBER", "RED", "HARD"})


class _Contributor(msgspec.Struct, gc=False):
    risk_type: str
    level: str


class _Said(msgspec.Struct, gc=False):
    currency: str
    exposure: str
    segment: str
    contributors: list[_Contributor]


class _Event(msgspec.Struct, gc=False):
    data: _Said


_decoder: Final = msgspec.json.Decoder(_Event)


class PostgresPortfolio:
    """Implements `PortfolioRows`."""

    async def page(self, connection: Connection, wanted: Wanted) -> list[StoredState]:
        """Return the next borrowers with their states."""
        rows = await connection.fetch(
            PAGE,
            wanted.after,
            wanted.officer_id,
            wanted.branch_id,
            wanted.segment,
            list(wanted.states),
            wanted.limit,
        )
        return [StoredState(*row) for row in rows]

    async def month_ends(
        self, connection: Connection, period: Period, *, after: tuple[str, int], limit: int
    ) -> list[MonthEnd]:
        """Return what was said at month closes of the period."""
        first, last = date.fromordinal(period.first), date.fromordinal(period.last)
        rows = await connection.fetch(MONTH_ENDS, *after, first, last, limit)
        return [
            month_end(
                row["borrower_id"], row["sequence"], row["as_of"].toordinal(), row["event"], period
            )
            for row in rows
        ]


def month_end(
    borrower_id: str, sequence: int, as_of: int, event: bytes, period: Period
) -> MonthEnd:
    """Return what an assessment at a month's close says; nothing if it is not of the period's."""
    said = _decoder.decode(event).data
    if said.currency != period.currency or period.segment not in (None, said.segment):
        return MonthEnd(borrower_id, sequence, None)
    month = BorrowerMonth(
        borrower_id=borrower_id,
        month=month_of(as_of),
        exposure_minor=scaled(said.exposure, decimals_of(said.currency), "exposure"),
        risk_types=frozenset(one.risk_type for one in said.contributors if one.level in LIT),
    )
    return MonthEnd(borrower_id, sequence, month)
