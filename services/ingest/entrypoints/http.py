"""The HTTP application of ingest."""

from dataclasses import replace

from fastapi import FastAPI

from services.ingest.application.errors import (
    AccountNotOwned,
    AlreadySettled,
    NotFound,
    QuarantineFull,
    Unavailable,
)
from services.ingest.entrypoints.accounts_api import accounts_router
from services.ingest.entrypoints.bodies import TooManyItems, UnknownMediaType
from services.ingest.entrypoints.events_api import (
    TOO_MANY_EVENTS,
    EventsEndpoint,
    TooManyRequests,
    events_router,
)
from services.ingest.entrypoints.history_api import history_router
from services.ingest.entrypoints.quarantine_api import quarantine_router
from services.ingest.settings import IngestSettings
from services.ingest.wiring import Ingest
from services.kit.database import DatabaseUnavailable
from services.kit.http import application, problems
from services.kit.http.application import WebParts
from services.kit.http.approvals_api import APPROVAL_PROBLEMS, approvals_router


def create_app(ingest: Ingest, settings: IngestSettings) -> FastAPI:
    """Returns the application."""
    unavailable = replace(problems.UNAVAILABLE, retry_after_seconds=settings.retry_after_seconds)
    endpoint = EventsEndpoint(
        ingest.intake,
        clock=ingest.clock,
        recorder=ingest.metrics,
        max_items=settings.max_items,
        max_in_flight=settings.max_requests_in_flight,
    )
    return application.create_app(
        "ingest",
        parts=WebParts(
            health=ingest.health,
            metrics=ingest.metrics,
            authenticator=ingest.authenticator,
            problems={
                NotFound: problems.NOT_FOUND,
                AlreadySettled: problems.CONFLICT,
                AccountNotOwned: problems.CONFLICT,
                Unavailable: unavailable,
                DatabaseUnavailable: unavailable,
                TooManyRequests: unavailable,
                TooManyItems: TOO_MANY_EVENTS,
                QuarantineFull: replace(problems.TOO_MANY, retry_after_seconds=60),
                UnknownMediaType: problems.MEDIA_TYPE_UNKNOWN,
                **APPROVAL_PROBLEMS,
            },
            limits=ingest.limits,
        ),
        routers=[
            events_router(endpoint),
            quarantine_router(ingest.quarantine),
            approvals_router(ingest.approvals),
            history_router(ingest.history_loads),
            accounts_router(ingest.accounts, ingest.account_import, clock=ingest.clock),
        ],
    )
