"""The pages: log in, the board, a borrower's card, and the forms on it.

Errors come back as pages too. What may be clicked is what REST offers, through the same use
cases with the same versions, so a form that is out of date is refused and says so.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.alerts.directory.entrypoints.permissions import HANDLERS
from services.alerts.entrypoints.pages import board, card, session, words
from services.alerts.entrypoints.pages.rendering import STYLE_SHEET, page
from services.alerts.entrypoints.pages.session import LoginNeeded, Looker, TrustedForm
from services.alerts.primitives.errors import (
    AlertsError,
    InvalidInput,
    NotFound,
    VersionConflict,
)
from services.alerts.primitives.vocabulary import (
    OUTCOMES_OF_A_PERSON,
    OutcomeCode,
    RiskState,
    Severity,
)
from services.alerts.use_cases import UseCases
from services.kit.clock import Clock
from services.kit.http import problems
from services.kit.http.auth import Authenticator, public
from services.kit.http.problems import Problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SEE_OTHER = 303
_open_door = Depends(public("people log in here"))
_look, _act = Depends(session.may_look), Depends(session.may_act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pages work with."""

    use_cases: UseCases
    clock: Clock
    timezone: str
    secure_cookies: bool
    shows_log_time: bool

    async def now(self) -> datetime:
        """Return the moment against which ages and deadlines are shown."""
        newest = await self.use_cases.reading.newest_moment() if self.shows_log_time else None
        return newest or self.clock.now()


class PageRoute(APIRoute):
    """A route whose refusals are pages, and whose strangers are led to the log-in."""

    def get_route_handler(self) -> Handler:
        """Return the handler with the refusals caught."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except LoginNeeded:
                return RedirectResponse("/login", SEE_OTHER)
            except Problem as refused:
                return _refusal(refused.kind.status, refused.kind.title, refused.detail)
            except AlertsError as refused:
                return _refusal(_status(refused), "That did not work", refused.detail)
            except RequestValidationError:
                return _refusal(422, "That did not work", "The address or the form is not right.")
            except HTTPException as refused:
                return _refusal(refused.status_code, "That did not work", str(refused.detail))

        return handled


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_door(routes, parts)
    _add_board(routes, parts)
    _add_card(routes, parts)
    _add_forms(routes, parts)
    return routes


def _add_door(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/static/tocsin.css", dependencies=[_open_door])
    async def style_sheet() -> FileResponse:
        return FileResponse(
            STYLE_SHEET, media_type="text/css", headers={"Cache-Control": "max-age=300"}
        )

    @routes.get("/login", dependencies=[_open_door])
    async def login_form() -> Response:
        return page("login.html", refused=False)

    @routes.post("/login", dependencies=[_open_door])
    async def login(request: Request) -> Response:
        if session.comes_from_elsewhere(request):
            raise Problem(problems.FORBIDDEN, "Log in on this site's own page.")
        text = (await session.form_fields(request)).get("key", "").strip()
        authenticator: Authenticator = request.app.state.authenticator
        if await authenticator.authenticate(text) is None:
            return page("login.html", status_code=401, refused=True)
        response = RedirectResponse("/", SEE_OTHER)
        session.remember(response, text, secure=parts.secure_cookies)
        return response

    @routes.post("/logout", dependencies=[_look])
    async def logout(_form: TrustedForm) -> Response:
        response = RedirectResponse("/login", SEE_OTHER)
        session.forget(response)
        return response


def _wish(
    severity: Severity | None = None,
    state: RiskState | Literal[""] | None = None,
    borrower: Annotated[str | None, Query(max_length=200)] = None,
    mine: bool = False,
    resolved: bool = False,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> board.Wish:
    return board.Wish(
        severity=severity,
        state=state or None,
        borrower_id=(borrower or "").strip() or None,
        is_mine=mine,
        is_resolved=resolved,
        cursor=cursor,
    )


def _add_board(routes: APIRouter, parts: Parts) -> None:
    reading = parts.use_cases.reading

    @routes.get("/", dependencies=[_look])
    async def show_board(
        request: Request, person: Looker, wish: Annotated[board.Wish, Depends(_wish)]
    ) -> Response:
        found = await reading.list_alerts(
            wish.filters(person), person=person, cursor=wish.cursor, limit=board.PER_PAGE
        )
        counts = await reading.count_open(person=person)
        now = await parts.now()
        return page(
            "board.html",
            **_frame(request),
            rows=board.rows(found, now=now, timezone=parts.timezone),
            chips=board.chips(wish, counts, person=person),
            wish=wish,
            next_address=wish.address(cursor=found.next_cursor) if found.next_cursor else None,
            now=words.moment(now, timezone=parts.timezone),
        )


def _add_card(routes: APIRouter, parts: Parts) -> None:
    reading = parts.use_cases.reading

    @routes.get("/borrowers/{borrower_id:path}", dependencies=[_look])
    async def show_card(request: Request, borrower_id: str, person: Looker) -> Response:
        found = await reading.get_card(borrower_id, person=person)
        now = await parts.now()
        alert = found.open_alert.alert if found.open_alert else None
        return page(
            "card.html",
            **_frame(request),
            view=card.view(found, now=now, timezone=parts.timezone),
            row=board.row(alert, now=now, timezone=parts.timezone) if alert else None,
            may_act=request.state.principal.has(*HANDLERS),
            outcomes=[(code, words.OUTCOMES[code]) for code in sorted(OUTCOMES_OF_A_PERSON)],
        )


def _add_forms(routes: APIRouter, parts: Parts) -> None:
    handling = parts.use_cases.handling

    @routes.post("/alerts/{alert_id:path}/acknowledge", dependencies=[_act])
    async def acknowledge(alert_id: str, person: Looker, form: TrustedForm) -> Response:
        await handling.acknowledge(alert_id, expected_version=_version(form), person=person)
        return _back(form)

    @routes.post("/alerts/{alert_id:path}/comment", dependencies=[_act])
    async def comment(alert_id: str, person: Looker, form: TrustedForm) -> Response:
        await handling.comment(
            alert_id,
            text=form.get("text", "").strip(),
            expected_version=_version(form),
            person=person,
        )
        return _back(form)

    @routes.post("/alerts/{alert_id:path}/resolve", dependencies=[_act])
    async def resolve(alert_id: str, person: Looker, form: TrustedForm) -> Response:
        code = form.get("outcome_code", "")
        if code not in set(OutcomeCode):
            raise InvalidInput("Choose an outcome.", pointer="/outcome_code")
        await handling.resolve(
            alert_id,
            outcome_code=OutcomeCode(code),
            note=form.get("note", "").strip(),
            expected_version=_version(form),
            person=person,
        )
        return _back(form)


def _frame(request: Request) -> dict[str, Any]:
    """Return what the frame of every page needs."""
    key_text = request.cookies.get(session.COOKIE, "")
    return {
        "principal": request.state.principal,
        "token": session.form_token(key_text),
    }


def _version(form: dict[str, str]) -> int:
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput("The form names no version; open the page again.", pointer="/version")
    return int(text)


def _back(form: dict[str, str]) -> Response:
    """Go back to the borrower's card: never to an address from the form."""
    borrower_id = form.get("borrower_id", "")
    return RedirectResponse(f"/borrowers/{quote(borrower_id, safe='')}", SEE_OTHER)


def _status(refused: AlertsError) -> int:
    if isinstance(refused, NotFound):
        return 404
    if isinstance(refused, VersionConflict):
        return 412
    return 422 if isinstance(refused, InvalidInput) else 409


def _refusal(status: int, title: str, detail: str) -> Response:
    return page("message.html", status_code=status, title=title, detail=detail)
