"""The withdrawal of a wrong day close at the door: later closes are compared with those that stand.

Two people withdraw the close from the log in scoring, which changes every borrower. The door has
its own list of closes, and they withdraw the date here too: until then a close up to 7 days after
the wrong one would need nobody.
"""

from datetime import timedelta

from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    NoSuchProposal,
    Proposal,
    ProposalRequest,
    ProposedChange,
    date_of,
)
from services.kit.clock import Clock
from services.kit.database import Connection

CLOSES = """
SELECT source, event_id FROM ingest.day_close
 WHERE closed_date = $1 AND withdrawn_at IS NULL ORDER BY source, event_id
"""
WITHDRAW = """
UPDATE ingest.day_close SET withdrawn_at = $2 WHERE closed_date = $1 AND withdrawn_at IS NULL
"""


class TakenCloseWithdrawal:
    """Leaves a date out of what later closes are compared with; the subject is the date."""

    name = "day-close-withdrawal"
    proposers = frozenset({Role.OPERATOR, Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns which closes of the date were taken."""
        rows = await connection.fetch(CLOSES, date_of(request.subject))
        if not rows:
            raise NoSuchProposal(f"No close of {request.subject} was taken here.")
        return ProposedChange(
            before={"closes": [list(row) for row in rows]},
            after={"closes": []},
            effect=f"Later closes are no longer compared with that of {request.subject}.",
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Marks the closes of the date; the same event is no close of it any more."""
        await connection.execute(WITHDRAW, date_of(proposal.subject), self._clock.now())
