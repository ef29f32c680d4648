"""The HTTP application of ingest."""

from fastapi import FastAPI

from services.ingest.application.errors import AlreadySettled, NotFound
from services.ingest.entrypoints.accounts_api import accounts_router
from services.ingest.entrypoints.events_api import Reception, events_router
from services.ingest.entrypoints.quarantine_api import quarantine_router
from services.ingest.settings import IngestSettings
from services.ingest.wiring import Ingest
from services.kit.http import application, problems
from services.kit.http.application import WebParts

PROBLEMS = {NotFound: problems.NOT_FOUND, AlreadySettled: problems.CONFLICT}


def create_app(ingest: Ingest, settings: IngestSettings) -> FastAPI:
    """Return the application."""
    reception = Reception(
        ingest.intake,
        clock=ingest.clock,
        recorder=ingest.metrics,
        most_items=settings.max_items,
        most_in_flight=settings.max_requests_in_flight,
        retry_after_seconds=settings.retry_after_seconds,
    )
    return application.create_app(
        "ingest",
        parts=WebParts(
            health=ingest.health,
            metrics=ingest.metrics,
            authenticator=ingest.authenticator,
            problems=PROBLEMS,
            max_body_bytes=settings.max_body_bytes,
        ),
        routers=[
            events_router(reception),
            quarantine_router(ingest.quarantine),
            accounts_router(ingest.accounts, clock=ingest.clock),
        ],
    )
