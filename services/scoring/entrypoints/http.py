"""The HTTP application of scoring: what is known about a borrower, what many
have in common, and the life of rulebooks."""

from dataclasses import replace

from fastapi import FastAPI

from services.kit.database import DatabaseUnavailable
from services.kit.http import application, problems
from services.kit.http.application import WebParts
from services.kit.http.problems import ProblemTable
from services.scoring.application.errors import NotFound
from services.scoring.application.portfolio import Portfolio
from services.scoring.application.reading import Reading
from services.scoring.application.rulebooks import NoSuchRulebook, RulebookDesk, VersionTaken
from services.scoring.application.sectors import SectorWatch
from services.scoring.domain.rulebook.approval import NotNow, NotYou
from services.scoring.entrypoints import borrowers_api, portfolio_api, rulebooks_api, sectors_api

PROBLEMS: ProblemTable = {
    NotFound: problems.NOT_FOUND,
    NoSuchRulebook: problems.NOT_FOUND,
    VersionTaken: problems.CONFLICT,
    NotNow: problems.CONFLICT,
    NotYou: problems.FORBIDDEN,
    DatabaseUnavailable: problems.UNAVAILABLE,
}


def create_app(
    reading: Reading,
    rulebooks: RulebookDesk,
    portfolio: Portfolio,
    sectors: SectorWatch,
    *,
    parts: WebParts,
) -> FastAPI:
    """Return the application; `parts.problems` is filled in here."""
    return application.create_app(
        "scoring",
        parts=replace(parts, problems=PROBLEMS),
        routers=[
            borrowers_api.router(reading),
            rulebooks_api.router(rulebooks),
            portfolio_api.router(portfolio),
            sectors_api.router(sectors),
        ],
    )
