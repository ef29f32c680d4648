"""An auditor reads whatever anybody may read, and changes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from services.kit.access.keys import Role
from services.kit.http.auth import Guard
from tests.contract.documents import APPLICATIONS


def guards(dependant: Dependant) -> Iterator[Guard]:
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from guards(inner)


# It ends the caller's own session.
NO_CHANGE = {"/logout"}


@pytest.mark.parametrize("service", APPLICATIONS)
def test_an_auditor_reads_every_route_and_no_other(service: str) -> None:
    closed, opened = [], []
    contexts: list[Any] = list(iter_route_contexts(APPLICATIONS[service]().routes))
    for context in contexts:
        roles = [guard.roles for guard in guards(context.dependant)]
        admits = all(Role.AUDITOR in each for each in roles)
        if context.methods <= {"GET", "HEAD"}:
            closed += [] if admits else [context.path]
        elif roles and context.path not in NO_CHANGE:
            opened += [context.path] if admits else []
    assert (closed, opened) == ([], [])
