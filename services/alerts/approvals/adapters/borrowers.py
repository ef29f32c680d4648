"""Borrowers as proposals show them, read from the row of the last assessment."""

from decimal import Decimal

import msgspec

from services.alerts.approvals.application.overrides import BorrowerFacts
from services.alerts.primitives.vocabulary import RiskState
from services.kit.database import Connection

FIND = """
SELECT borrower_id, partition, state, state_since,
       assessment -> 'flags' AS flags, assessment ->> 'exposure' AS exposure,
       assessment ->> 'currency' AS currency,
       ARRAY(SELECT DISTINCT person_id FROM access.api_key AS key
              WHERE key.officer_id = borrower.officer_id AND person_id IS NOT NULL) AS owners
  FROM alerts.borrower AS borrower WHERE borrower_id = $1 FOR UPDATE
"""


class PostgresBorrowers:
    """Implements `ProposalBorrowers`."""

    async def find(self, connection: Connection, borrower_id: str) -> BorrowerFacts | None:
        row = await connection.fetchrow(FIND, borrower_id)
        if row is None:
            return None
        return BorrowerFacts(
            borrower_id=row["borrower_id"],
            partition=row["partition"],
            state=RiskState(row["state"]),
            state_since=row["state_since"],
            flags=tuple(msgspec.json.decode(row["flags"])),
            exposure=Decimal(row["exposure"]),
            currency=row["currency"],
            owners=frozenset(row["owners"]),
        )
