"""The HTTP application of scoring: borrowers, portfolio, rulebooks, approvals, isolation."""

from dataclasses import replace

from fastapi import FastAPI

from services.kit.approvals.workflow import Approvals
from services.kit.database import DatabaseUnavailable
from services.kit.http import application, problems
from services.kit.http.application import WebParts
from services.kit.http.approvals_api import APPROVAL_PROBLEMS, approvals_router
from services.kit.http.problems import ProblemTable
from services.scoring.application.borrower_queries import BorrowerNotFound, BorrowerQueries
from services.scoring.application.event_resend import EventResend, NoSuchBorrower
from services.scoring.application.isolated_borrowers import IsolatedBorrowers, NotIsolated
from services.scoring.application.portfolio_queries import PortfolioQueries
from services.scoring.application.rebuilding import RefoldFailed
from services.scoring.application.rulebook_workflow import (
    NoSuchRulebook,
    NotApproved,
    RulebookWorkflow,
    VersionTaken,
)
from services.scoring.application.sector_stress import SectorMonitor
from services.scoring.entrypoints import (
    borrowers_api,
    isolation_api,
    portfolio_api,
    resend_api,
    rulebooks_api,
    sectors_api,
)

PROBLEMS: ProblemTable = {
    BorrowerNotFound: problems.NOT_FOUND,
    NoSuchRulebook: problems.NOT_FOUND,
    NotIsolated: problems.NOT_FOUND,
    NoSuchBorrower: problems.NOT_FOUND,
    VersionTaken: problems.CONFLICT,
    NotApproved: problems.CONFLICT,
    RefoldFailed: problems.CONFLICT,
    DatabaseUnavailable: problems.UNAVAILABLE,
    **APPROVAL_PROBLEMS,
}


def create_app(  # noqa: PLR0913 - the use cases, each named at the one call site
    borrowers: BorrowerQueries,
    rulebooks: RulebookWorkflow,
    portfolio: PortfolioQueries,
    sectors: SectorMonitor,
    approvals: Approvals,
    *,
    isolated: IsolatedBorrowers,
    resend: EventResend,
    parts: WebParts,
) -> FastAPI:
    """Returns the application; `parts.problems` is filled in here."""
    return application.create_app(
        "scoring",
        parts=replace(parts, problems=PROBLEMS),
        routers=[
            borrowers_api.router(borrowers),
            rulebooks_api.router(rulebooks, approvals),
            approvals_router(approvals),
            portfolio_api.router(portfolio),
            sectors_api.router(sectors),
            isolation_api.router(isolated),
            resend_api.router(resend),
        ],
    )
