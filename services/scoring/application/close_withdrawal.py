"""The withdrawal of a wrong day close by two people: the log names it, and the fold leaves it out.

Nothing in the log changes. `day-close.withdrawn` goes to every partition; from there on each
borrower has the state that it would have if the close had never been, and what differs from the
last assessment is emitted as a correction.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from services.contracts.control import DayCloseWithdrawnV1
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
from services.kit.stream.outbox import SHARED, Outbox
from services.scoring.application.control_events import EventsTopic, control_messages
from services.scoring.application.rulebook_workflow import SOURCE


class CloseRepository(Protocol):
    """The closes in the log, and the clock's own last date."""

    async def closes_of(self, connection: Connection, closed: date) -> Sequence[tuple[str, str]]:
        """Returns source and id of the closes of a date that were not withdrawn."""
        ...

    async def set_clock_back(self, connection: Connection, closed: date) -> None:
        """Lets the clock close a date again, if it is the last one that it closed."""
        ...


class CloseWithdrawal:
    """The approval of a withdrawal; the subject is the date that was closed."""

    name = "day-close-withdrawal"
    proposers = frozenset({Role.OPERATOR, Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(
        self, closes: CloseRepository, *, outbox: Outbox, topic: EventsTopic, clock: Clock
    ) -> None:
        self._closes = closes
        self._outbox = outbox
        self._topic = topic
        self._clock = clock

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns which closes the date has; a close that comes later needs its own proposal."""
        closes = await self._closes.closes_of(connection, date_of(request.subject))
        if not closes:
            raise NoSuchProposal(f"{request.subject} is not closed.")
        return ProposedChange(
            before={"closes": [list(close) for close in sorted(closes)]},
            after={"closes": []},
            effect=f"Every borrower is assessed as if {request.subject} had not been closed.",
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Writes the withdrawal of each close to every partition of the log."""
        closed, at = date_of(proposal.subject), self._clock.now()
        closes = await self._closes.closes_of(connection, closed)
        for number, (source, event_id) in enumerate(sorted(closes), start=1):
            messages = control_messages(
                self._topic,
                source=SOURCE,
                event_id=f"day-close-withdrawn:{proposal.id}:{number}",
                at=at,
                data=DayCloseWithdrawnV1(
                    closed_date=closed,
                    closed_source=source,
                    closed_id=event_id,
                    proposed_by=proposal.proposed_by,
                    approved_by=proposal.decided_by or "",
                ),
            )
            await self._outbox.append(connection, messages, partition=SHARED)
        await self._closes.set_clock_back(connection, closed)
