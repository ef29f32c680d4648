"""Who may do what at the HTTP doors, and how a caller becomes a `Person`.

An officer sees their own borrowers; every other role that reads sees all. The use cases
narrow by the person and answer "not found" for what is outside, so nobody learns from a
status what exists.
"""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field

from services.alerts.directory.domain.person import Person
from services.kit.access.keys import READERS, READERS_OF_ALL, Role
from services.kit.http.auth import KeyGuard, Principal

HANDLERS = frozenset({Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT})
# Endpoints carry every borrower's alerts out of the bank: not for those who handle alerts.
WEBHOOK_KEEPERS = frozenset({Role.OPERATOR})
WEBHOOK_READERS = frozenset({Role.OPERATOR, Role.AUDITOR})

may_read = KeyGuard(READERS)
may_handle = KeyGuard(HANDLERS)
may_configure_webhooks = KeyGuard(WEBHOOK_KEEPERS)
may_read_webhooks = KeyGuard(WEBHOOK_READERS)


def person_of(principal: Principal) -> Person:
    """Return the person behind a key."""
    return Person(
        name=principal.name,
        officer_id=principal.officer_id,
        sees_everything=principal.has(*READERS_OF_ALL),
    )


def caller(request: Request) -> Person:
    """Return the person that the route's guard let in."""
    return person_of(request.state.principal)


Caller = Annotated[Person, Depends(caller)]
Identifier = Annotated[str, Field(min_length=1, max_length=200)]
