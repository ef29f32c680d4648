"""Loads of history over HTTP: an operator opens one for some sources, and closes it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.ingest.application.history_loads import HistoryLoads
from services.ingest.entrypoints.request_models import HistoryLoadBody
from services.ingest.entrypoints.response_models import HistoryLoadPage, HistoryLoadView
from services.kit.access.keys import Role
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute

Reader = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR))]
Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
LoadId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def history_router(loads: HistoryLoads) -> APIRouter:
    """Returns the routes of the loads of history."""
    router = APIRouter(prefix="/v1/history-loads", route_class=JsonRoute, tags=["history loads"])

    @router.get("", summary="List loads of history")
    async def list_loads(_caller: Reader) -> HistoryLoadPage:
        """List the newest loads of history, open and closed."""
        return HistoryLoadPage.of(await loads.loads())

    @router.post("", status_code=201, summary="Open a load of history")
    async def open_load(caller: Operator, body: HistoryLoadBody) -> HistoryLoadView:
        """Open a load: until it is closed, its sources are judged by the days closed in it."""
        load = await loads.open(body.sources, reason=body.reason, by=caller.actor)
        return HistoryLoadView.model_validate(load)

    @router.post("/{load_id}/close", summary="Close a load of history")
    async def close_load(caller: Operator, load_id: LoadId) -> HistoryLoadView:
        """Close a load: its sources are live again."""
        return HistoryLoadView.model_validate(await loads.close(load_id, by=caller.actor))

    return router
