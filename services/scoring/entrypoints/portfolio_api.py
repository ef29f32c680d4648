"""REST about many borrowers: near triggers, exit candidates, maturities, risk points."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.kit.access.keys import READERS, READERS_OF_ALL
from services.kit.http import problems
from services.kit.http.auth import KeyGuard, require
from services.kit.http.problems import Problem
from services.scoring.application.portfolio import Ending, Near, Page, Period, Portfolio, Wanted
from services.scoring.domain.assess.effects import amount
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.assess.near_triggers import NearTrigger
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.portfolio.exit_candidates import ExitCandidate
from services.scoring.domain.portfolio.risk_points import RiskPoint
from services.scoring.domain.primitives.dates import first_day_of, last_day_of
from services.scoring.domain.primitives.measurement import LEVEL_NAMES
from services.scoring.entrypoints.borrowers_api import Caller

MOST_LOOKED_AT = 500
MOST_MONTHS = 12

Segment = Literal["RETAIL", "MICRO", "SME", "CORPORATE", "LARGE"]
# In the order of the contracts: `typing` takes two orders of the same words for one.
State = Literal["NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"]
Cursor = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[!-~]+$", description="`next_cursor` of before."),
]
Limit = Annotated[
    int, Query(ge=1, le=MOST_LOOKED_AT, description="How many borrowers are looked at.")
]
Named = Annotated[str | None, Query(max_length=128, pattern=r"^[!-~]+$")]
Month = Annotated[str, Query(pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$", examples=["2026-04"])]


class NearText(BaseModel):
    """One figure before its next threshold; `days` is null where nothing points there."""

    indicator: str
    name: str
    subject: str
    level: str
    value: str
    threshold: str
    distance: str
    relative: str | None
    days: int | None


class NearBorrower(BaseModel):
    """A borrower with what is near its trigger, the soonest first.

    `next_state` is the state whose score cut is within five points, `points_to_next` what is
    missing; both are null where none is that near.
    """

    borrower_id: str
    state: str
    as_of: date
    triggers: list[NearText]
    next_state: str | None
    points_to_next: str | None


class NearPage(BaseModel):
    """Borrowers that have anything near; `next_cursor` is null at the end."""

    items: list[NearBorrower]
    next_cursor: str | None


class ExitText(BaseModel):
    """A candidate for an exit, why, and the yearly rate less expected loss where known."""

    borrower_id: str
    state: str
    score: str
    exposure: str
    currency: str
    reasons: list[str]
    margin: str | None


class ExitPage(BaseModel):
    """Candidates among the borrowers looked at, the most pressing first."""

    items: list[ExitText]
    next_cursor: str | None


class MaturityText(BaseModel):
    """A loan or line that ends in the month, and how hard collecting looks."""

    borrower_id: str
    loan_id: str
    maturity_date: date
    outstanding: str
    currency: str
    difficulty: str
    state: str
    officer_id: str | None
    branch_id: str | None


class MaturityPage(BaseModel):
    """What ends in the month among the borrowers looked at."""

    items: list[MaturityText]
    next_cursor: str | None


class RiskPointText(BaseModel):
    """One kind of risk: how often it occurs, what it costs, and the product of both."""

    risk_type: str
    months_hit: int
    months_exposed: int
    borrowers_hit: int
    exposure_hit: str
    loss: str
    occurrence_rate: str
    loss_rate: str | None
    index: str | None


class RiskPointQueue(BaseModel):
    """The risk-point queue of a period, the largest index first."""

    currency: str
    items: list[RiskPointText]


def wanted(
    cursor: Cursor = None,
    limit: Limit = 100,
    officer_id: Named = None,
    branch_id: Named = None,
    segment: Segment | None = None,
    state: State | None = None,
) -> Wanted:
    """Return which borrowers are asked for."""
    return Wanted(
        after=cursor or "",
        limit=limit,
        officer_id=officer_id,
        branch_id=branch_id,
        segment=segment,
        states=() if state is None else (state,),
    )


Whom = Annotated[Wanted, Depends(wanted)]


def router(portfolio: Portfolio) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/v1/portfolio", tags=["portfolio"], dependencies=[Depends(KeyGuard(READERS))]
    )

    @routes.get("/near-triggers")
    async def near_triggers(caller: Caller, whom: Whom) -> NearPage:
        """Return what is near a threshold: distance, and days until it is reached."""
        page: Page[Near] = await portfolio.near(whom, viewer=caller)
        return NearPage(items=[_near(one) for one in page.items], next_cursor=page.next_after)

    @routes.get("/exit-candidates")
    async def exit_candidates(caller: Caller, whom: Whom) -> ExitPage:
        """Return who still pays and whose prospects do not, with reasons."""
        page = await portfolio.exits(whom, viewer=caller)
        return ExitPage(items=[_exit(one) for one in page.items], next_cursor=page.next_after)

    @routes.get("/maturities")
    async def maturities(caller: Caller, whom: Whom, month: Month) -> MaturityPage:
        """Return the loans and lines that end in a month, as owed at the last day close."""
        number = month_number(month)
        page = await portfolio.maturities(
            whom, first=first_day_of(number), last=last_day_of(number), viewer=caller
        )
        items = [_maturity(one) for one in page.items]
        return MaturityPage(items=items, next_cursor=page.next_after)

    @routes.get("/risk-points", dependencies=[Depends(require(*READERS_OF_ALL))])
    async def risk_points(
        from_month: Month,
        to_month: Month,
        currency: Annotated[str, Query(pattern=r"^[A-Z]{3}$")] = "EUR",
        segment: Segment | None = None,
    ) -> RiskPointQueue:
        """Return how often each kind of risk occurs and what it costs, of one currency."""
        first, last = _months(from_month, to_month)
        queue = await portfolio.risk_points(
            Period(first=first, last=last, currency=currency, segment=segment)
        )
        return RiskPointQueue(currency=currency, items=[_point(one, currency) for one in queue])

    return routes


def _months(from_month: str, to_month: str) -> tuple[int, int]:
    """Return the first day of one month and the last of another."""
    first, last = month_number(from_month), month_number(to_month)
    if not 0 <= last - first < MOST_MONTHS:
        detail = f"from_month to to_month must span 1 to {MOST_MONTHS} months"
        raise Problem(problems.INVALID, detail=detail)
    return first_day_of(first), last_day_of(last)


def month_number(text: str) -> int:
    """Return a month as its number."""
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1


def _near(one: Near) -> NearBorrower:
    return NearBorrower(
        borrower_id=one.borrower_id,
        state=one.state,
        as_of=date.fromordinal(one.as_of),
        triggers=[_trigger(each) for each in one.triggers],
        next_state=None if one.next_state is None else STATE_NAMES[one.next_state[0]],
        points_to_next=None if one.next_state is None else shown_micro(one.next_state[1] * 100),
    )


def _trigger(one: NearTrigger) -> NearText:
    return NearText(
        indicator=one.indicator,
        name=BY_ID[one.indicator].name,
        subject=one.subject,
        level=LEVEL_NAMES[one.level],
        value=shown_micro(one.value),
        threshold=shown_micro(one.threshold),
        distance=shown_micro(one.distance),
        relative=None if one.relative < 0 else shown_micro(one.relative),
        days=None if one.days < 0 else one.days,
    )


def _exit(one: ExitCandidate) -> ExitText:
    return ExitText(
        borrower_id=one.borrower_id,
        state=one.state,
        score=shown_micro(one.score * 100),
        exposure=amount(one.exposure_minor, one.currency),
        currency=one.currency,
        reasons=one.reasons,
        margin=None if one.margin_micro is None else shown_micro(one.margin_micro),
    )


def _maturity(one: Ending) -> MaturityText:
    return MaturityText(
        borrower_id=one.borrower_id,
        loan_id=one.maturity.loan_id,
        maturity_date=date.fromordinal(one.maturity.day),
        outstanding=amount(one.maturity.owed_minor, one.maturity.currency),
        currency=one.maturity.currency,
        difficulty=one.difficulty,
        state=one.state,
        officer_id=one.officer_id,
        branch_id=one.branch_id,
    )


def _point(one: RiskPoint, currency: str) -> RiskPointText:
    return RiskPointText(
        risk_type=one.risk_type,
        months_hit=one.months_hit,
        months_exposed=one.months_exposed,
        borrowers_hit=one.borrowers_hit,
        exposure_hit=amount(one.exposure_hit_minor, currency),
        loss=amount(one.loss_minor, currency),
        occurrence_rate=shown_micro(one.occurrence),
        loss_rate=None if one.loss_rate is None else shown_micro(one.loss_rate),
        index=None if one.index is None else shown_micro(one.index),
    )
