"""REST for alerts: list, read, decisions, digest; a borrower's card."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

from babel.core import negotiate_locale
from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from services.alerts.decisions.application.read_models import (
    AlertBudget,
    AlertDetail,
    AlertSummary,
    BorrowerCard,
    DecisionRecord,
    DigestItem,
)
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.application.work_list import WorkList, WorkListReading
from services.alerts.decisions.domain.drafting import ENGLISH
from services.alerts.decisions.entrypoints.request_models import (
    AlertQuery,
    BudgetQuery,
    DecisionQuery,
    DigestQuery,
)
from services.alerts.directory.entrypoints.permissions import Caller, may_read
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import AlertType
from services.kit.http.access_log import audited_read
from services.kit.http.etags import tag
from services.kit.http.json_route import JsonRoute
from services.wording.messages import Language

LANGUAGES = [language.value for language in Language]


class DecisionList(BaseModel):
    """Decisions, the newest first."""

    items: list[DecisionRecord]


class Digest(BaseModel):
    """Who has signals without an alert or a task that waits, and the last week's alerts by owner.

    Tasks are listed until they are done. The counts are of the borrowers listed here that have such
    a signal.
    """

    items: list[DigestItem]
    by_factor: dict[str, int]
    by_trigger: dict[str, int]
    by_stage: dict[str, int]
    alert_budget: AlertBudget

    @classmethod
    def of(cls, items: Sequence[DigestItem], alert_budget: AlertBudget) -> "Digest":
        """Returns the items with their counts."""
        return cls(
            items=list(items),
            by_factor=_counted({each.factor for each in item.signals} for item in items),
            by_trigger=_counted({each.trigger for each in item.signals} for item in items),
            by_stage=_counted({each.stage for each in item.signals} for item in items),
            alert_budget=alert_budget,
        )


def _counted(groups: Iterable[Iterable[str]]) -> dict[str, int]:
    return dict(sorted(Counter(name for group in groups for name in group).items()))


class AlertResponse(BaseModel):
    """One alert and the current risk warning card of its borrower; a portfolio alert has none."""

    detail: AlertDetail
    card: BorrowerCard | None


def readers_language(
    accept_language: Annotated[
        str | None, Header(description="The language of sentences: en, es or zh.")
    ] = None,
) -> str:
    """Returns the language of the reader, English if none of theirs is known."""
    wanted = [part.partition(";")[0].strip() for part in (accept_language or "")[:200].split(",")]
    return negotiate_locale(wanted, LANGUAGES, sep="-") or ENGLISH


ReadersLanguage = Annotated[str, Depends(readers_language)]


def router(reading: AlertReading, work_list: WorkListReading) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["alerts"])
    _add_lists(routes, reading, work_list)
    _add_reading(routes, reading)
    return routes


def _add_lists(routes: APIRouter, reading: AlertReading, work_list: WorkListReading) -> None:
    guarded = [Depends(may_read)]

    @routes.get("/alerts", dependencies=guarded)
    async def list_alerts(
        query: Annotated[AlertQuery, Query()], person: Caller, language: ReadersLanguage
    ) -> CursorPage[AlertSummary] | WorkList:
        """List alerts, the latest change first; with `tab`, the list that a person works off."""
        if query.tab is not None:
            if query.model_fields_set - {"tab", "scope", "cursor", "limit"}:
                raise InvalidInput("tab goes with scope, cursor and limit only", parameter="tab")
            return await work_list.read(
                query.tab,
                whose=query.scope,
                person=person,
                language=language,
                cursor=query.cursor,
                limit=query.limit,
            )
        return await reading.list_alerts(
            query.filters(), person=person, cursor=query.cursor, limit=query.limit
        )


def _add_reading(routes: APIRouter, reading: AlertReading) -> None:
    guarded = [Depends(may_read)]
    of_alert, of_borrower = Depends(audited_read("alert_id")), Depends(audited_read("borrower_id"))

    @routes.get("/alerts/{alert_id:path}", dependencies=[*guarded, of_alert])
    async def get_alert(alert_id: str, person: Caller, response: Response) -> AlertResponse:
        """Return one alert with its history and its borrower's card; its version is the ETag."""
        detail = await reading.get_alert(alert_id, person=person)
        is_about_one = detail.alert.alert_type is not AlertType.PORTFOLIO
        card = (
            await reading.get_card(detail.alert.borrower_id, person=person)
            if is_about_one
            else None
        )
        tag(response, detail.alert.version)
        return AlertResponse(detail=detail, card=card)

    @routes.get("/borrowers/{borrower_id:path}/card", dependencies=[*guarded, of_borrower])
    async def get_card(borrower_id: str, person: Caller) -> BorrowerCard:
        """Return a borrower's risk warning card."""
        return await reading.get_card(borrower_id, person=person)

    @routes.get("/borrowers/{borrower_id:path}/decisions", dependencies=[*guarded, of_borrower])
    async def list_decisions(
        borrower_id: str, query: Annotated[DecisionQuery, Query()], person: Caller
    ) -> DecisionList:
        """List why people were notified of a borrower or were not, up to a moment."""
        decisions = await reading.decisions(
            borrower_id, person=person, until=query.at, limit=query.limit
        )
        return DecisionList(items=list(decisions))

    @routes.get("/alert-budget", dependencies=guarded)
    async def get_alert_budget(
        query: Annotated[BudgetQuery, Query()], person: Caller
    ) -> AlertBudget:
        """Count the alerts that opened, ended by themselves or were ignored, by owner and week."""
        return await reading.alert_budget(person=person, weeks=query.weeks)

    @routes.get("/digest", dependencies=guarded)
    async def get_digest(query: Annotated[DigestQuery, Query()], person: Caller) -> Digest:
        """List who has signals that opened no alert, or a task that waits for a person."""
        items = await reading.digest(person=person, since=query.since, limit=query.limit)
        budget = await reading.alert_budget(person=person, weeks=1)
        return Digest.of(items, budget)
