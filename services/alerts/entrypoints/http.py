"""The HTTP application of alerts: REST, the live stream and the pages for people.

Called by `__main__` with what wiring built, and by tests with fakes behind the same ports.
"""

from dataclasses import dataclass, replace

from fastapi import FastAPI

from services.alerts.decisions.entrypoints import alerts_api, stream_api
from services.alerts.delivery.entrypoints import webhooks_api
from services.alerts.entrypoints.error_mapping import PROBLEMS, on_invalid_input
from services.alerts.entrypoints.pages import routes as pages
from services.alerts.primitives.errors import InvalidInput
from services.alerts.use_cases import UseCases
from services.kit.clock import Clock
from services.kit.http import application
from services.kit.http.application import WebParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How pages speak to people.

    Attributes:
        timezone: The IANA time zone in which times are shown.
        secure_cookies: Whether browsers may send the log-in cookie over TLS only; False is
            for a development machine.
        shows_log_time: Whether ages and deadlines are shown against the newest assessment
            instead of the wall clock; for played history, where everything is long overdue.
    """

    timezone: str
    secure_cookies: bool
    shows_log_time: bool = False


def create_app(
    use_cases: UseCases, *, parts: WebParts, clock: Clock, presentation: Presentation
) -> FastAPI:
    """Return the application; `parts.problems` is filled in here."""
    app = application.create_app(
        "alerts",
        parts=replace(parts, problems=PROBLEMS),
        routers=[
            alerts_api.router(use_cases.reading, use_cases.handling),
            webhooks_api.router(use_cases.endpoints, use_cases.trial, use_cases.deliveries),
            stream_api.router(use_cases.reading, health=parts.health, clock=clock),
            pages.router(
                pages.Parts(
                    use_cases=use_cases,
                    clock=clock,
                    timezone=presentation.timezone,
                    secure_cookies=presentation.secure_cookies,
                    shows_log_time=presentation.shows_log_time,
                )
            ),
        ],
    )
    app.add_exception_handler(InvalidInput, on_invalid_input)
    return app
