"""The rights of a person of the directory, as they are when a message is sent.

They are those of the person's key: the own borrowers, those of the row rights, or all.
"""

import asyncpg

from services.alerts.adapters.statements import PoolStatements
from services.alerts.directory.adapters import scope_sql
from services.alerts.directory.domain.member import Member
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.kit.access import row_rights
from services.kit.access.keys import READERS_OF_ALL, Role
from services.kit.access.row_rights import RightKind
from services.kit.clock import Clock

SEES = f"SELECT {scope_sql.visible('$2')} AS sees"


class MemberRights:
    """Reads what a person may see now."""

    def __init__(self, pool: asyncpg.Pool, *, clock: Clock) -> None:
        self._pool = pool
        self._statements = PoolStatements(pool)
        self._clock = clock

    async def scope(self, member: Member) -> Scope:
        """Returns the borrowers that a person may see."""
        rights = await row_rights.of_person(self._pool, member.person_id)
        granted = row_rights.granted(rights, at=self._clock.now())
        branch_ids = granted[RightKind.BRANCH]
        if not member.roles.isdisjoint(READERS_OF_ALL):
            return EVERYTHING
        if Role.SENIOR in member.roles and not branch_ids:
            return EVERYTHING
        own = () if member.officer_id is None else (member.officer_id,)
        return Scope(
            officer_ids=granted[RightKind.OFFICER] | frozenset(own),
            branch_ids=branch_ids,
            queue_ids=granted[RightKind.QUEUE],
        )

    async def sees(self, member: Member, borrower_id: str) -> bool:
        """Returns whether a person may see a borrower."""
        scope = scope_sql.parameter(await self.scope(member))
        [row] = await self._statements.fetch(SEES, scope, borrower_id)
        return bool(row["sees"])
