"""REST about the sectors of the portfolio: how stressed each one is against its own past."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.kit.access.keys import READERS_OF_ALL
from services.kit.http import problems
from services.kit.http.auth import require
from services.kit.http.problems import Problem
from services.scoring.application.sectors import ALL_SECTORS, SectorStress, SectorWatch
from services.scoring.domain.assess.effects import amount
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.entrypoints.portfolio_api import Month, month_number


class SectorText(BaseModel):
    """One sector; `z` is null where the past says nothing or too few borrowers owe."""

    industry_code: str
    borrowers: int
    exposure: str
    stressed: str
    share: str
    z: str | None


class SectorList(BaseModel):
    """The sectors of a month's end, the most stressed first, and all of them together."""

    currency: str
    all: SectorText
    items: list[SectorText]


def router(sectors: SectorWatch) -> APIRouter:
    """Return the route."""
    routes = APIRouter(
        prefix="/v1/portfolio",
        tags=["portfolio"],
        dependencies=[Depends(require(*READERS_OF_ALL))],
    )

    @routes.get("/sectors")
    async def measured_sectors(month: Month) -> SectorList:
        """Return how stressed the sectors were at a month's end that was measured."""
        found = await sectors.stress(month_number(month))
        if found is None:
            raise Problem(problems.NOT_FOUND, detail=f"{month} has not been measured")
        texts = {one.sector: _text(one, sectors.currency) for one in found}
        whole = texts.pop(ALL_SECTORS)
        return SectorList(currency=sectors.currency, all=whole, items=[*texts.values()])

    return routes


def _text(one: SectorStress, currency: str) -> SectorText:
    return SectorText(
        industry_code=one.sector,
        borrowers=one.figures.borrowers,
        exposure=amount(one.figures.exposure_minor, currency),
        stressed=amount(one.figures.stressed_minor, currency),
        share=shown_micro(one.figures.share),
        z=None if one.z_micro is None else shown_micro(one.z_micro),
    )
