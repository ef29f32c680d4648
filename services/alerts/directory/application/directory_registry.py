"""Submits versions of the directory: one person's change takes effect, others wait for a second.

A version is made from the active one, which the caller names. It takes effect only while that one
is still active, so no change of somebody else is undone by accident.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.alerts.directory.application.directory_repository import (
    DirectoryDraft,
    DirectoryRepository,
    DirectoryVersion,
    StoredDirectory,
)
from services.alerts.directory.domain.directory_changes import DirectoryChange, changes
from services.alerts.directory.domain.organisation_faults import (
    DirectoryFault,
    InvalidDirectory,
    missing_queues,
)
from services.alerts.primitives.errors import InvalidInput, VersionConflict
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    NoSuchProposal,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.database import Connection, Database

DIRECTORY: Final = "directory"
NOTHING_DIFFERS: Final = "the directory is the one that is active; change something, or leave it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedDirectory:
    """What became of a submitted directory; `proposal_id` is None where it took effect at once."""

    version: int
    is_active: bool
    proposal_id: int | None
    changes: Sequence[DirectoryChange]


class DirectoryApproval:
    """The kind of approval that activates a version of the directory."""

    name = DIRECTORY
    proposers = frozenset({Role.SENIOR, Role.RISK})
    deciders = frozenset({Role.RISK, Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(self, repository: DirectoryRepository) -> None:
        self._repository = repository

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the fields that differ; nobody approves a change of their own entry."""
        stored, active = await self._proposable(connection, request.subject)
        differences = changes(active.document if active else None, stored.document)
        return ProposedChange(
            before={each.path: each.before for each in differences},
            after={each.path: each.after for each in differences},
            effect=f"Version {request.subject} of the directory takes effect.",
            attachment=stored.info.digest.encode(),
            barred=frozenset(
                each.person_id
                for each in differences
                if active and each.needs_two_people and each.person_id
            ),
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Activates the version."""
        stored, _ = await self._proposable(connection, proposal.subject)
        assert proposal.decided_by is not None
        await self._repository.activate(
            connection,
            stored,
            by=proposal.decided_by,
            reason=proposal.reason,
            approval_id=proposal.id,
        )

    async def _proposable(
        self, connection: Connection, subject: str
    ) -> tuple[StoredDirectory, StoredDirectory | None]:
        """Returns a version that could take effect now, and the active one."""
        await self._repository.take_turn(connection)
        number = int(subject) if subject.isascii() and subject.isdigit() else 0
        stored = await self._repository.find(connection, number) if number < 2**63 else None
        if stored is None:
            raise NoSuchProposal(f"There is no version {subject} of the directory.")
        if stored.info.activated_at is not None:
            raise ProposalConflict(f"Version {subject} of the directory took effect already.")
        active = await self._repository.active(connection)
        if stored.info.follows != (active.info.version if active else None):
            raise ProposalConflict(
                f"The directory has changed since version {subject} was submitted; submit it again."
            )
        return stored, active


class DirectoryRegistry:
    """The use cases of the directory of people."""

    def __init__(
        self,
        *,
        database: Database,
        repository: DirectoryRepository,
        approvals: Approvals,
        routed_queues: frozenset[str],
    ) -> None:
        self._database = database
        self._repository = repository
        self._approvals = approvals
        self._routed_queues = routed_queues

    async def active(self) -> StoredDirectory | None:
        """Returns the version in effect; None in a bank without a directory."""
        return await self._database.in_transaction(self._repository.active)

    async def listed(self, *, before: int | None, limit: int) -> Sequence[DirectoryVersion]:
        """Returns versions, the newest first."""
        return await self._database.in_transaction(
            lambda connection: self._repository.listed(connection, before=before, limit=limit)
        )

    async def submit(
        self, draft: DirectoryDraft, *, expected_version: int, step: Step
    ) -> SubmittedDirectory:
        """Stores a version; it takes effect at once if one person may make all of its changes.

        Raises:
            VersionConflict: If another version than the expected one is active.
            InvalidDirectory: If it names unknown persons, or lacks a queue of the routing plan.
            InvalidInput: If nothing differs from the active version.
        """

        async def store(connection: Connection) -> SubmittedDirectory:
            await self._repository.take_turn(connection)
            active = await self._repository.active(connection)
            current = active.info.version if active else 0
            if expected_version != current:
                raise VersionConflict(expected=expected_version, current=current)
            differences = changes(active.document if active else None, draft.document)
            if not differences:
                raise InvalidInput(NOTHING_DIFFERS, pointer="/directory")
            await self._check(connection, draft)
            stored = await self._repository.add(
                connection, draft, follows=current or None, by=step.by, reason=step.reason
            )
            is_active = not any(each.needs_two_people for each in differences)
            if is_active:
                await self._repository.activate(connection, stored, by=step.by, reason=step.reason)
            return SubmittedDirectory(
                version=stored.info.version,
                is_active=is_active,
                proposal_id=None,
                changes=differences,
            )

        submitted = await self._database.in_transaction(store)
        if submitted.is_active:
            return submitted
        proposal = await self._approvals.propose(DIRECTORY, str(submitted.version), step)
        return SubmittedDirectory(
            version=submitted.version,
            is_active=False,
            proposal_id=proposal.id,
            changes=submitted.changes,
        )

    async def _check(self, connection: Connection, draft: DirectoryDraft) -> None:
        organisation = draft.organisation
        unknown = await self._repository.unknown_persons(connection, list(organisation.members))
        faults = [
            DirectoryFault(
                path=f"people.{name}",
                fault=f"no person has the id {name}",
                remedy=f"create it: tocsin persons create {name} --name …",
            )
            for name in unknown
        ]
        faults += missing_queues(organisation, self._routed_queues)
        if faults:
            raise InvalidDirectory(tuple(faults))
