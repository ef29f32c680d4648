"""The HTTP application of scoring: what is known about a borrower, now or as of a date."""

from dataclasses import replace

from fastapi import FastAPI

from services.kit import problems, web
from services.kit.database import DatabaseUnavailable
from services.kit.problems import ProblemTable
from services.kit.web import WebParts
from services.scoring.application.errors import NotFound
from services.scoring.application.reading import Reading
from services.scoring.entrypoints import borrowers_api

PROBLEMS: ProblemTable = {
    NotFound: problems.NOT_FOUND,
    DatabaseUnavailable: problems.UNAVAILABLE,
}


def create_app(reading: Reading, *, parts: WebParts) -> FastAPI:
    """Return the application; `parts.problems` is filled in here."""
    return web.create_app(
        "scoring",
        parts=replace(parts, problems=PROBLEMS),
        routers=[borrowers_api.router(reading)],
    )
