"""The roles that each route requires, and the `Person` behind a key.

An officer sees their own borrowers; every other role that reads sees all. The use cases narrow by
the person and answer "not found" for the rest, so a status never reveals what exists.
"""

from typing import Annotated

from fastapi import Depends, Request

from services.alerts.directory.domain.person import Person
from services.kit.access.keys import READERS, READERS_OF_ALL, Role
from services.kit.http.auth import KeyGuard, Principal

HANDLERS = frozenset({Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT})
# Endpoints carry every borrower's alerts out of the bank, so those who handle alerts cannot.
WEBHOOK_CONFIGURERS = frozenset({Role.OPERATOR})
WEBHOOK_READERS = frozenset({Role.OPERATOR, Role.AUDITOR})

may_read = KeyGuard(READERS)
may_handle = KeyGuard(HANDLERS)
may_configure_webhooks = KeyGuard(WEBHOOK_CONFIGURERS)
may_read_webhooks = KeyGuard(WEBHOOK_READERS)


def person_of(principal: Principal) -> Person:
    """Returns the person behind a key."""
    return Person(
        id=principal.actor,
        officer_id=principal.officer_id,
        sees_everything=principal.has(*READERS_OF_ALL),
    )


def caller(request: Request) -> Person:
    """Returns the person whom the guard of the route admitted."""
    return person_of(request.state.principal)


Caller = Annotated[Person, Depends(caller)]
