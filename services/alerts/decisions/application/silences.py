"""The use cases of silences: show what one would mute, begin, list and end.

One person silences for up to 30 days, for longer a second one approves. A silence never changes: it
is over at its expiry, or when a person ends it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from services.alerts.decisions.domain.silence import (
    Matchers,
    NoticeSubject,
    Silence,
    fault,
    needs_two_people,
)
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives.errors import InvalidInput, ResourceNotFound
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    InvalidTerms,
    NoSuchProposal,
    Proposal,
    ProposalRequest,
    ProposedChange,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.ids import IdFactory

SILENCE: Final = "silence"
PREVIEW_DAYS: Final = 30
MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceTerms:
    """What somebody wants to silence, and for how many days."""

    matchers: Matchers
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAlert:
    """An alert of the last days, as silences match it."""

    alert_id: str
    owner_id: str
    subject: NoticeSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePreview:
    """How many alerts of the last 30 days a silence would have muted.

    `days` counts up to the newest assessment, `by_owner` the muted ones; `alert_ids` are examples.
    """

    days: int
    alerts: int
    muted: int
    by_owner: Mapping[str, int]
    alert_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSilence:
    """A silence that is in force, or a proposal that waits for a second person; or neither."""

    silence: Silence | None
    proposal_id: int | None
    preview: SilencePreview


class SilenceRepository(Protocol):
    """The stored silences; rows are added and never changed."""

    async def add(
        self, connection: Connection, silence: Silence, *, approved_by: str | None
    ) -> None: ...

    async def end(
        self, connection: Connection, silence_id: str, *, by: str, reason: str, at: datetime
    ) -> bool:
        """Ends a silence that is in force; returns whether there was one."""
        ...

    async def listed(
        self, connection: Connection, *, scope: Scope, at: datetime | None
    ) -> Sequence[Silence]:
        """Returns silences, the latest end first; with a moment those in force then."""
        ...

    async def past_alerts(
        self, connection: Connection, *, scope: Scope, days: int
    ) -> Sequence[PastAlert]:
        """Returns the alerts of the last days that could have been silenced."""
        ...

    async def unseen(
        self, connection: Connection, borrower_ids: frozenset[str], *, scope: Scope
    ) -> frozenset[str]:
        """Returns those of the borrowers that the scope does not have."""
        ...


class SilenceApproval:
    """The kind of approval that begins a silence of more than 30 days."""

    name = SILENCE
    proposers = frozenset({Role.SENIOR, Role.RISK})
    deciders = frozenset({Role.RISK, Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(self, repository: SilenceRepository, *, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns what would be silenced."""
        terms = _terms(request.terms)
        if problem := fault(terms.matchers, days=terms.days):
            raise InvalidTerms(problem)
        now = self._clock.now()
        current = await self._repository.listed(connection, scope=_ALL, at=now)
        if any(each.silence_id == request.subject for each in current):
            raise NoSuchProposal(f"Silence {request.subject} is in force already.")
        return ProposedChange(
            before={},
            after=dict(request.terms),
            effect=f"Notices that match are held back for {terms.days} days from the approval on.",
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Begins the silence."""
        assert proposal.decided_at is not None
        silence = _silence(
            proposal.subject,
            _terms(proposal.terms),
            Step(by=proposal.proposed_by, reason=proposal.reason),
            at=proposal.decided_at,
        )
        await self._repository.add(connection, silence, approved_by=proposal.decided_by)


_ALL = Scope(everything=True)


class Silences:
    """The use cases of silences."""

    def __init__(
        self,
        *,
        database: Database,
        repository: SilenceRepository,
        approvals: Approvals,
        clock: Clock,
        new_id: IdFactory,
    ) -> None:
        self._database = database
        self._repository = repository
        self._approvals = approvals
        self._clock = clock
        self._new_id = new_id

    async def preview(self, terms: SilenceTerms, *, person: Person) -> SilencePreview:
        """Returns how many alerts of the last 30 days a silence would have muted.

        Raises:
            InvalidInput: If there can be no such silence.
        """
        if problem := fault(terms.matchers, days=terms.days):
            raise InvalidInput(problem, pointer="")

        async def read(connection: Connection) -> Sequence[PastAlert]:
            await self._check_scope(connection, terms.matchers, person.scope)
            return await self._repository.past_alerts(
                connection, scope=person.scope, days=PREVIEW_DAYS
            )

        alerts = await self._database.in_transaction(read)
        muted = [each for each in alerts if terms.matchers.match(each.subject)]
        return SilencePreview(
            days=PREVIEW_DAYS,
            alerts=len(alerts),
            muted=len(muted),
            by_owner=dict(sorted(Counter(each.owner_id for each in muted).items())),
            alert_ids=[each.alert_id for each in muted[:MOST_EXAMPLES]],
        )

    async def request(self, terms: SilenceTerms, *, step: Step, person: Person) -> RequestedSilence:
        """Begins a silence, or proposes it where a second person is needed."""
        preview = await self.preview(terms, person=person)
        silence_id = self._new_id()
        if needs_two_people(terms.days):
            plain = msgspec.to_builtins(terms, order="deterministic")
            proposal = await self._approvals.propose(SILENCE, silence_id, step, plain)
            return RequestedSilence(silence=None, proposal_id=proposal.id, preview=preview)
        silence = _silence(silence_id, terms, step, at=self._clock.now())
        await self._database.in_transaction(
            lambda connection: self._repository.add(connection, silence, approved_by=None)
        )
        return RequestedSilence(silence=silence, proposal_id=None, preview=preview)

    async def listed(self, *, person: Person, only_in_force: bool) -> Sequence[Silence]:
        """Returns silences, the latest end first."""
        at = self._clock.now() if only_in_force else None
        return await self._database.in_transaction(
            lambda connection: self._repository.listed(connection, scope=person.scope, at=at)
        )

    async def end(self, silence_id: str, *, step: Step, person: Person) -> None:
        """Ends a silence before its expiry; what it held back and still stands is news again."""
        now = self._clock.now()

        async def end(connection: Connection) -> bool:
            current = await self._repository.listed(connection, scope=person.scope, at=now)
            return any(each.silence_id == silence_id for each in current) and (
                await self._repository.end(
                    connection, silence_id, by=step.by, reason=step.reason, at=now
                )
            )

        if not await self._database.in_transaction(end):
            raise ResourceNotFound(f"no silence {silence_id} is in force")

    async def _check_scope(self, connection: Connection, matchers: Matchers, scope: Scope) -> None:
        """Refuses a silence that reaches borrowers whom the person may not see."""
        if scope.everything:
            return
        unseen = await self._repository.unseen(connection, matchers.borrower_ids, scope=scope)
        if unseen:
            raise ResourceNotFound(f"there is no borrower {min(unseen)}")
        has_branches = bool(matchers.branch_ids) and matchers.branch_ids <= scope.branch_ids
        if not matchers.borrower_ids and not has_branches:
            raise InvalidInput("name borrowers or branches of your own", pointer="/matchers")


def _silence(silence_id: str, terms: SilenceTerms, step: Step, *, at: datetime) -> Silence:
    return Silence(
        silence_id=silence_id,
        begins_at=at,
        ends_at=at + timedelta(days=terms.days),
        reason=step.reason,
        author=step.by,
        matchers=terms.matchers,
    )


def _terms(plain: Mapping[str, Any]) -> SilenceTerms:
    """Returns the terms of a proposal.

    Raises:
        InvalidTerms: If they are none.
    """
    try:
        return msgspec.convert(plain, type=SilenceTerms)
    except msgspec.ValidationError as error:
        raise InvalidTerms(f"the terms are no silence: {error}") from error
