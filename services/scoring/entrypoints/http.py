"""The HTTP application of scoring: borrowers, portfolio, sectors and the workflow of rulebooks."""

from dataclasses import replace

from fastapi import FastAPI

from services.kit.database import DatabaseUnavailable
from services.kit.http import application, problems
from services.kit.http.application import WebParts
from services.kit.http.problems import ProblemTable
from services.scoring.application.borrower_queries import BorrowerNotFound, BorrowerQueries
from services.scoring.application.portfolio_queries import PortfolioQueries
from services.scoring.application.rulebook_workflow import (
    NoSuchRulebook,
    RulebookWorkflow,
    VersionTaken,
)
from services.scoring.application.sector_stress import SectorMonitor
from services.scoring.domain.rulebook.approval import NotNow, NotYou
from services.scoring.entrypoints import borrowers_api, portfolio_api, rulebooks_api, sectors_api

PROBLEMS: ProblemTable = {
    BorrowerNotFound: problems.NOT_FOUND,
    NoSuchRulebook: problems.NOT_FOUND,
    VersionTaken: problems.CONFLICT,
    NotNow: problems.CONFLICT,
    NotYou: problems.FORBIDDEN,
    DatabaseUnavailable: problems.UNAVAILABLE,
}


def create_app(
    borrowers: BorrowerQueries,
    rulebooks: RulebookWorkflow,
    portfolio: PortfolioQueries,
    sectors: SectorMonitor,
    *,
    parts: WebParts,
) -> FastAPI:
    """Returns the application; `parts.problems` is filled in here."""
    return application.create_app(
        "scoring",
        parts=replace(parts, problems=PROBLEMS),
        routers=[
            borrowers_api.router(borrowers),
            rulebooks_api.router(rulebooks),
            portfolio_api.router(portfolio),
            sectors_api.router(sectors),
        ],
    )
