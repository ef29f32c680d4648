"""Who may decide about whose proposals: relations, limits, committee and people on call.

The activation of a directory, which two people approved, replaces them in its own transaction; the
number of that approval is their version. A service's rights alone replace nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from services.kit.access.queries import Queries

REPLACE = "SELECT access.replace_decision_rights($1, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRelation:
    """A person, somebody who may not decide what that person proposed, and why."""

    person_id: str
    related_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLimit:
    """Up to which amount a person decides without a committee."""

    person_id: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRights:
    """Who may decide, by one version of the directory.

    Attributes:
        committee: Who votes about what is above every person's limit.
        on_call: Who approves in an emergency, two together.
    """

    relations: Sequence[PersonRelation] = ()
    limits: Sequence[PersonLimit] = ()
    committee: Sequence[str] = ()
    on_call: Sequence[str] = ()


async def replace(queries: Queries, rights: DecisionRights, *, approval_id: int) -> None:
    """Replaces the decision rights by those of the directory whose approval this is.

    Call it while the approval of kind `directory` takes effect, in its transaction.
    """
    await queries.execute(
        REPLACE,
        approval_id,
        json.dumps([asdict(relation) for relation in rights.relations]),
        json.dumps([{**asdict(limit), "amount": str(limit.amount)} for limit in rights.limits]),
        list(rights.committee),
        list(rights.on_call),
    )
