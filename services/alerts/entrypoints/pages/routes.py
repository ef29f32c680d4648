"""The pages: log in, the board, a borrower's card, and the forms on it.

Errors are pages too. The forms call the same use cases as REST with the same versions, so a form
that is out of date is refused.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.domain.storm import PORTFOLIO_PREFIX
from services.alerts.directory.application.sessions import Sessions
from services.alerts.directory.entrypoints.permissions import HANDLERS
from services.alerts.entrypoints.error_mapping import status_of
from services.alerts.entrypoints.pages import board, card, session
from services.alerts.entrypoints.pages.rendering import STYLE_SHEET, page
from services.alerts.entrypoints.pages.session import LoginNeeded, TrustedForm, Viewer
from services.alerts.entrypoints.pages.words import COOKIE, PageWords, language_of
from services.alerts.primitives.errors import AlertsError, InvalidInput
from services.alerts.primitives.vocabulary import (
    OUTCOMES_OF_A_PERSON,
    OutcomeCode,
)
from services.alerts.use_cases import UseCases
from services.kit.clock import Clock, Now
from services.kit.http import problems
from services.kit.http.auth import Authenticator, public
from services.kit.http.problems import Problem
from services.wording.messages import Language

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SEE_OTHER = 303
LANGUAGE_SECONDS = 365 * 86_400
# How long signals that opened no alert are listed on the page.
DIGEST_PERIOD = timedelta(days=7)
_public = Depends(public("people log in here"))
_viewers, _handlers = Depends(session.may_view), Depends(session.may_act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How pages present moments and log people in.

    Attributes:
        timezone: The IANA time zone in which moments are shown.
        secure_cookies: Whether browsers send the log-in cookie over TLS only; False is for a
            development machine.
        shows_log_time: Whether ages and deadlines are shown against the newest assessment instead
            of the wall clock; for replayed history, where everything is long overdue.
    """

    timezone: str
    secure_cookies: bool
    shows_log_time: bool = False


class PageRoute(APIRoute):
    """A route whose refusals are pages, and that redirects to the log-in page without a key."""

    def get_route_handler(self) -> Handler:
        """Returns the handler that renders refusals."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except LoginNeeded:
                return RedirectResponse("/login", SEE_OTHER)
            except Problem as refused:
                return _refusal(request, refused.kind.status)
            except AlertsError as refused:
                return _refusal(request, status_of(refused))
            except RequestValidationError:
                return _refusal(request, 422)
            except HTTPException as refused:
                return _refusal(request, refused.status_code)

        return handled


def router(use_cases: UseCases, *, clock: Clock, presentation: Presentation) -> APIRouter:
    """Returns the routes."""

    async def now() -> datetime:
        """Returns the moment against which ages and deadlines are shown."""
        newest = await use_cases.reading.newest_moment() if presentation.shows_log_time else None
        return newest or clock.now()

    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_login(routes, use_cases.sessions, secure_cookies=presentation.secure_cookies)
    _add_language(routes, secure_cookies=presentation.secure_cookies)
    _add_board(routes, use_cases.reading, timezone=presentation.timezone, now=now)
    _add_digest(routes, use_cases.reading, timezone=presentation.timezone, now=now)
    _add_card(routes, use_cases.reading, timezone=presentation.timezone, now=now)
    _add_forms(routes, use_cases.handling)
    return routes


def _add_login(routes: APIRouter, sessions: Sessions, *, secure_cookies: bool) -> None:
    @routes.get("/static/tocsin.css", dependencies=[_public])
    async def style_sheet() -> FileResponse:
        return FileResponse(
            STYLE_SHEET, media_type="text/css", headers={"Cache-Control": "max-age=300"}
        )

    @routes.get("/login", dependencies=[_public])
    async def login_form(request: Request) -> Response:
        return page("login.html", _words(request), refused=False)

    @routes.post("/login", dependencies=[_public])
    async def login(request: Request) -> Response:
        if session.comes_from_elsewhere(request):
            raise Problem(problems.FORBIDDEN, "Log in on this site's own page.")
        text = (await session.form_fields(request)).get("key", "").strip()
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.authenticate(text)
        if principal is None:
            return page("login.html", _words(request), status_code=401, refused=True)
        response = RedirectResponse("/", SEE_OTHER)
        session.remember(response, await sessions.begin(principal.id), secure=secure_cookies)
        return response

    @routes.post("/logout", dependencies=[_viewers])
    async def logout(request: Request, _form: TrustedForm) -> Response:
        await sessions.end(request.cookies.get(session.COOKIE, ""))
        response = RedirectResponse("/login", SEE_OTHER)
        session.forget(response)
        return response


def _add_language(routes: APIRouter, *, secure_cookies: bool) -> None:
    @routes.get("/language/{code}", dependencies=[_public])
    async def choose_language(code: Language) -> Response:
        response = RedirectResponse("/", SEE_OTHER)
        response.set_cookie(
            COOKIE,
            code.value,
            max_age=LANGUAGE_SECONDS,
            secure=secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return response


def _add_board(routes: APIRouter, reading: AlertReading, *, timezone: str, now: Now) -> None:
    @routes.get("/", dependencies=[_viewers])
    async def show_board(
        request: Request,
        person: Viewer,
        filters: Annotated[board.BoardFilters, Depends()],
    ) -> Response:
        alerts = await reading.list_alerts(
            filters.filters(person), person=person, cursor=filters.cursor, limit=board.PER_PAGE
        )
        counts = await reading.count_open(person=person)
        budget = await reading.alert_budget(person=person, weeks=1)
        moment, words = await now(), _words(request, timezone)
        return page(
            "board.html",
            words,
            **_frame(request),
            rows=board.rows(alerts, words, now=moment),
            filter_links=board.filter_links(filters, counts, words, person=person),
            filters=filters,
            groups=board.GROUPS,
            weekly_budget=budget.per_owner_week,
            owner_weeks=board.newest_week(budget),
            next_address=(
                filters.address(cursor=alerts.next_cursor) if alerts.next_cursor else None
            ),
            now=words.moment(moment),
        )


def _add_digest(routes: APIRouter, reading: AlertReading, *, timezone: str, now: Now) -> None:
    @routes.get("/digest", dependencies=[_viewers])
    async def show_digest(request: Request, person: Viewer) -> Response:
        moment, words = await now(), _words(request, timezone)
        items = await reading.digest(
            person=person, since=moment - DIGEST_PERIOD, limit=board.PER_PAGE
        )
        return page(
            "digest.html",
            words,
            **_frame(request),
            items=items,
            counts=board.digest_counts(items, words),
            now=words.moment(moment),
        )


def _add_card(routes: APIRouter, reading: AlertReading, *, timezone: str, now: Now) -> None:
    @routes.get("/borrowers/{borrower_id:path}", dependencies=[_viewers])
    async def show_card(request: Request, borrower_id: str, person: Viewer) -> Response:
        if borrower_id.startswith(PORTFOLIO_PREFIX):
            # A portfolio alert is about no borrower; messages about it lead to its row.
            return RedirectResponse(f"/?{urlencode({'borrower': borrower_id})}", SEE_OTHER)
        borrower = await reading.get_card(borrower_id, person=person)
        moment, words = await now(), _words(request, timezone)
        alert = borrower.open_alert.alert if borrower.open_alert else None
        return page(
            "card.html",
            words,
            **_frame(request),
            view=card.view(borrower, words, now=moment),
            row=board.row(alert, words, now=moment) if alert else None,
            may_act=request.state.principal.has(*HANDLERS),
            outcomes=[
                (code, words.label("outcome", code)) for code in sorted(OUTCOMES_OF_A_PERSON)
            ],
        )


def _add_forms(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/{alert_id:path}/acknowledge", dependencies=[_handlers])
    async def acknowledge(alert_id: str, person: Viewer, form: TrustedForm) -> Response:
        await handling.acknowledge(alert_id, expected_version=_version(form), person=person)
        return _back(form)

    @routes.post("/alerts/{alert_id:path}/comment", dependencies=[_handlers])
    async def comment(alert_id: str, person: Viewer, form: TrustedForm) -> Response:
        await handling.comment(
            alert_id,
            text=form.get("text", "").strip(),
            person=person,
        )
        return _back(form)

    @routes.post("/alerts/{alert_id:path}/resolve", dependencies=[_handlers])
    async def resolve(alert_id: str, person: Viewer, form: TrustedForm) -> Response:
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
    """Returns the values that the frame of every page shows."""
    session_token = request.cookies.get(session.COOKIE, "")
    return {
        "principal": request.state.principal,
        "token": session.form_token(session_token),
    }


def _version(form: dict[str, str]) -> int:
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput("The form names no version; open the page again.", pointer="/version")
    return int(text)


def _back(form: dict[str, str]) -> Response:
    """Redirects to the borrower's card: never to an address from the form."""
    borrower_id = form.get("borrower_id", "")
    return RedirectResponse(f"/borrowers/{quote(borrower_id, safe='')}", SEE_OTHER)


def _words(request: Request, timezone: str = "UTC") -> PageWords:
    """Returns the words of the reader's language."""
    return PageWords(language_of(request), timezone=timezone)


def _refusal(request: Request, status: int) -> Response:
    words = _words(request)
    return page(
        "message.html",
        words,
        status_code=status,
        title=words.text("refused"),
        detail=words.refusal(status),
    )
