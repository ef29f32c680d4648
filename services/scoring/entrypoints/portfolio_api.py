"""REST about many borrowers: near triggers, exit candidates, maturities, risk points."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from services.kit.access.keys import READERS, READERS_OF_MANY
from services.kit.http import problems
from services.kit.http.auth import KeyGuard, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem
from services.scoring.application.portfolio_queries import (
    BorrowerFilter,
    Period,
    PortfolioQueries,
)
from services.scoring.domain.primitives.dates import first_day_of, last_day_of
from services.scoring.entrypoints.borrowers_api import Caller
from services.scoring.entrypoints.response_models import (
    ExitCandidatesPage,
    MaturitiesPage,
    NearTriggersPage,
    RiskPointQueue,
    exit_candidate_item,
    maturity_item,
    near_triggers_item,
    risk_point_item,
)

MOST_PER_PAGE = 500
MOST_MONTHS = 12

Segment = Literal["RETAIL", "MICRO", "SME", "CORPORATE", "LARGE"]
# In the order of the contracts: `typing` treats two orders of the same words as one type.
State = Literal["NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"]
Cursor = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[!-~]+$", description="`next_cursor` of before."),
]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE, description="How many borrowers are read.")]
Named = Annotated[str | None, Query(max_length=128, pattern=r"^[!-~]+$")]
Month = Annotated[str, Query(pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$", examples=["2026-04"])]


def borrower_filter(
    cursor: Cursor = None,
    limit: Limit = 100,
    officer_id: Named = None,
    branch_id: Named = None,
    segment: Segment | None = None,
    state: State | None = None,
) -> BorrowerFilter:
    """Returns the borrowers of the request."""
    return BorrowerFilter(
        after=cursor or "",
        limit=limit,
        officer_id=officer_id,
        branch_id=branch_id,
        segment=segment,
        states=() if state is None else (state,),
    )


Borrowers = Annotated[BorrowerFilter, Depends(borrower_filter)]


def router(portfolio: PortfolioQueries) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(
        prefix="/v1/portfolio",
        route_class=JsonRoute,
        tags=["portfolio"],
        dependencies=[Depends(KeyGuard(READERS))],
    )

    @routes.get("/near-triggers")
    async def near_triggers(caller: Caller, borrowers: Borrowers) -> NearTriggersPage:
        """Returns the figures near a threshold: distance, and days until it is reached."""
        page = await portfolio.near_triggers(borrowers, viewer=caller)
        items = [near_triggers_item(each, page.isolated) for each in page.items]
        return NearTriggersPage(items=items, next_cursor=page.next_after)

    @routes.get("/exit-candidates")
    async def exit_candidates(caller: Caller, borrowers: Borrowers) -> ExitCandidatesPage:
        """Returns borrowers that still pay and whose prospects are poor, with reasons."""
        page = await portfolio.exit_candidates(borrowers, viewer=caller)
        items = [exit_candidate_item(each, page.isolated) for each in page.items]
        return ExitCandidatesPage(items=items, next_cursor=page.next_after)

    @routes.get("/maturities")
    async def maturities(caller: Caller, borrowers: Borrowers, month: Month) -> MaturitiesPage:
        """Returns the loans and lines that end in a month, as owed at the last day close."""
        number = month_number(month)
        page = await portfolio.maturities(
            borrowers, first=first_day_of(number), last=last_day_of(number), viewer=caller
        )
        items = [maturity_item(each, page.isolated) for each in page.items]
        return MaturitiesPage(items=items, next_cursor=page.next_after)

    @routes.get("/risk-points", dependencies=[Depends(require(*READERS_OF_MANY))])
    async def risk_points(
        caller: Caller,
        from_month: Month,
        to_month: Month,
        currency: Annotated[str, Query(pattern=r"^[A-Z]{3}$")] = "EUR",
        segment: Segment | None = None,
    ) -> RiskPointQueue:
        """Returns how often each kind of risk occurs and what it costs, in one currency."""
        first, last = _months(from_month, to_month)
        queue = await portfolio.risk_points(
            Period(first=first, last=last, currency=currency, segment=segment), viewer=caller
        )
        items = [risk_point_item(each, currency) for each in queue]
        return RiskPointQueue(currency=currency, items=items)

    return routes


def _months(from_month: str, to_month: str) -> tuple[int, int]:
    """Returns the first day of one month and the last of another."""
    first, last = month_number(from_month), month_number(to_month)
    if not 0 <= last - first < MOST_MONTHS:
        detail = f"from_month to to_month must span 1 to {MOST_MONTHS} months"
        raise Problem(problems.INVALID, detail=detail)
    return first_day_of(first), last_day_of(last)


def month_number(text: str) -> int:
    """Returns a month as its number."""
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1
