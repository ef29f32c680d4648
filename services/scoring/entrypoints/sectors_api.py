"""REST about the sectors of the portfolio: how stressed each one is against its own past."""

from fastapi import APIRouter, Depends

from services.kit.access.keys import READERS_OF_MANY
from services.kit.http import problems
from services.kit.http.auth import require
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem
from services.scoring.application.sector_stress import ALL_SECTORS, SectorMonitor
from services.scoring.entrypoints.borrowers_api import Caller
from services.scoring.entrypoints.portfolio_api import Month, month_number
from services.scoring.entrypoints.response_models import SectorList, sector_item


def router(sectors: SectorMonitor) -> APIRouter:
    """Returns the route."""
    routes = APIRouter(
        prefix="/v1/portfolio",
        route_class=JsonRoute,
        tags=["portfolio"],
        dependencies=[Depends(require(*READERS_OF_MANY))],
    )

    @routes.get("/sectors")
    async def measured_sectors(caller: Caller, month: Month) -> SectorList:
        """Returns how stressed the sectors were at a month's end that was measured."""
        if not caller.sees_everything:
            raise Problem(problems.FORBIDDEN, detail="sectors are of the whole portfolio")
        measured = await sectors.stress(month_number(month))
        if measured is None:
            raise Problem(problems.NOT_FOUND, detail=f"{month} has not been measured")
        items = {each.sector: sector_item(each, sectors.currency) for each in measured}
        total = items.pop(ALL_SECTORS)
        return SectorList(currency=sectors.currency, all=total, items=[*items.values()])

    return routes
