"""The HTTP application of alerts on repositories in memory, and four people who may call it."""

from typing import cast

from fastapi import FastAPI
from starlette.testclient import TestClient

from services.alerts.entrypoints.http import create_app
from services.alerts.entrypoints.pages.routes import Presentation
from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.kit.stream.quarantine_review import QuarantineReview
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.alerts_in_memory import InMemoryAlerts
from tests.fakes.commands_in_memory import MemoryCommands

OFFICER, SENIOR, OPERATOR, AUDITOR = "tsk_officer", "tsk_senior", "tsk_operator", "tsk_auditor"
PEOPLE = {
    OFFICER: Principal(
        id="k1",
        name="Olga's laptop",
        roles=frozenset({Role.OFFICER}),
        person_id="olga",
        officer_id="officer-7",
        officer_ids=frozenset({"officer-7"}),
    ),
    SENIOR: Principal(
        id="k2", name="Sven's laptop", roles=frozenset({Role.SENIOR}), person_id="sven"
    ),
    OPERATOR: Principal(id="k3", name="deployments", roles=frozenset({Role.OPERATOR})),
    AUDITOR: Principal(id="k4", name="exports", roles=frozenset({Role.AUDITOR})),
}


class KnownPeople:
    """Lets the four in."""

    async def authenticate(self, text: str) -> Principal | None:
        return PEOPLE.get(text)

    async def holder_of(self, key_id: str) -> Principal | None:
        return next((person for person in PEOPLE.values() if person.id == key_id), None)


def application(books: InMemoryAlerts, health: Health | None = None) -> FastAPI:
    """Return the application, with the clock of its alerts."""
    clock = books.clock
    return create_app(
        books.use_cases(),
        parts=WebParts(
            health=health or Health(clock),
            metrics=Metrics(KIT_CATALOGUE),
            authenticator=KnownPeople(),
            access_log=MemoryAccessLog(),
            quarantine=cast(QuarantineReview, object()),
            commands=MemoryCommands(clock),
        ),
        clock=clock,
        presentation=Presentation(timezone="Europe/Berlin", secure_cookies=False),
    )


def client(books: InMemoryAlerts) -> TestClient:
    """Return a client of the application that follows no redirects."""
    return TestClient(application(books), raise_server_exceptions=False, follow_redirects=False)


def bearer(key: str, **headers: str) -> dict[str, str]:
    """Return the headers of a call with a key."""
    return {"Authorization": f"Bearer {key}", **headers}
