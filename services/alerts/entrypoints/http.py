"""The HTTP application of alerts: REST, the live stream and the pages for people.

`__main__` calls it with what wiring built, tests call it with fakes behind the same ports.
"""

from dataclasses import replace

from fastapi import FastAPI

from services.alerts.decisions.entrypoints import (
    alerts_api,
    commands_api,
    silences_api,
    stream_api,
)
from services.alerts.delivery.entrypoints import webhooks_api
from services.alerts.directory.domain.organisation_faults import InvalidDirectory
from services.alerts.directory.entrypoints import people_api
from services.alerts.entrypoints.error_mapping import (
    PROBLEMS,
    on_invalid_directory,
    on_invalid_input,
)
from services.alerts.entrypoints.pages import routes as pages
from services.alerts.entrypoints.pages.routes import Presentation
from services.alerts.primitives.errors import InvalidInput
from services.alerts.use_cases import UseCases
from services.kit.clock import Clock
from services.kit.http import application
from services.kit.http.application import WebParts
from services.kit.http.approvals_api import approvals_router


def create_app(
    use_cases: UseCases, *, parts: WebParts, clock: Clock, presentation: Presentation
) -> FastAPI:
    """Returns the application; `parts.problems` is filled in here."""
    app = application.create_app(
        "alerts",
        parts=replace(parts, problems=PROBLEMS),
        routers=[
            alerts_api.router(use_cases.reading, use_cases.work_list),
            commands_api.router(use_cases.handling),
            webhooks_api.router(use_cases.endpoints, use_cases.trial, use_cases.deliveries),
            people_api.router(use_cases.directory),
            silences_api.router(use_cases.silences),
            approvals_router(use_cases.approvals),
            stream_api.router(use_cases.reading, health=parts.health, clock=clock),
            pages.router(use_cases, clock=clock, presentation=presentation),
        ],
    )
    app.state.sessions = use_cases.sessions
    app.add_exception_handler(InvalidInput, on_invalid_input)
    app.add_exception_handler(InvalidDirectory, on_invalid_directory)
    return app
