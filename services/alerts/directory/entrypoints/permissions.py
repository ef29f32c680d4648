"""The roles that each route requires, and the `Person` behind a key.

The use cases narrow by the person's scope and answer "not found" for the rest, so a status never
reveals what exists. An operator sees no borrower.
"""

from typing import Annotated

from fastapi import Depends, Request

from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.kit.access.keys import READERS, Role
from services.kit.http.auth import KeyGuard, Principal

HANDLERS = frozenset({Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT})
# Endpoints carry every borrower's alerts out of the bank, so those who handle alerts cannot.
WEBHOOK_CONFIGURERS = frozenset({Role.OPERATOR})
WEBHOOK_READERS = frozenset({Role.OPERATOR, Role.AUDITOR})

may_read = KeyGuard(READERS)
# The directory names no borrower, so an operator may read it.
may_read_people = KeyGuard(READERS | {Role.OPERATOR})
may_handle = KeyGuard(HANDLERS)
may_configure_webhooks = KeyGuard(WEBHOOK_CONFIGURERS)
may_read_webhooks = KeyGuard(WEBHOOK_READERS)


def person_of(principal: Principal) -> Person:
    """Returns the person behind a key."""
    return Person(
        id=principal.actor,
        officer_id=principal.officer_id,
        scope=scope_of(principal),
    )


def scope_of(principal: Principal) -> Scope:
    """Returns the borrowers that the holder of a key may see."""
    if principal.sees_everything:
        return EVERYTHING
    return Scope(
        officer_ids=principal.officer_ids,
        branch_ids=principal.branch_ids,
        queue_ids=principal.queue_ids,
    )


def caller(request: Request) -> Person:
    """Returns the person whom the guard of the route admitted."""
    return person_of(request.state.principal)


Caller = Annotated[Person, Depends(caller)]
