"""The session of a page: its token in a cookie, and another token against forged forms.

The log-in form takes the key once and begins a session, whose token an HttpOnly, SameSite=Strict
cookie stores; the key is stored nowhere. Logging out ends the session in the database, so a copy of
the cookie is worth nothing. REST accepts keys in the Authorization header alone, so another site
cannot make a browser call it. Forms carry a token derived from the session's, which another site
cannot derive.
"""

import hashlib
import hmac
from typing import Annotated, Protocol
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response

from services.alerts.directory.application.sessions import Sessions
from services.alerts.directory.domain.person import Person
from services.alerts.directory.entrypoints.permissions import HANDLERS, person_of
from services.kit.access.keys import READERS
from services.kit.http import problems
from services.kit.http.auth import Guard, Principal
from services.kit.http.problems import Problem

COOKIE = "tocsin_session"
SESSION_SECONDS = 8 * 3600
LONGEST_FORM_BYTES = 20_000
_FORM_TYPE = "application/x-www-form-urlencoded"


class LoginNeeded(Exception):
    """The request has no session of a valid key."""


class KeyHolders(Protocol):
    """Finds the holder of a key that is still valid."""

    async def holder_of(self, key_id: str) -> Principal | None: ...


class PageGuard(Guard):
    """Admits people by their session and redirects others to the log-in page."""

    async def __call__(self, request: Request) -> Principal:
        """Returns the principal whose session the cookie opens."""
        sessions: Sessions = request.app.state.sessions
        holders: KeyHolders = request.app.state.authenticator
        key_id = await sessions.key_of(request.cookies.get(COOKIE, ""))
        principal = await holders.holder_of(key_id) if key_id is not None else None
        if principal is None:
            raise LoginNeeded
        return self.let_in(request, principal)


may_view = PageGuard(READERS)
may_act = PageGuard(HANDLERS)


def viewer(request: Request) -> Person:
    """Returns the person whom the guard of the page admitted."""
    return person_of(request.state.principal)


Viewer = Annotated[Person, Depends(viewer)]


def form_token(session_token: str) -> str:
    """Returns the token that this session's forms must carry."""
    return hmac.new(session_token.encode(), b"tocsin form", hashlib.sha256).hexdigest()


async def form_fields(request: Request) -> dict[str, str]:
    """Returns the fields of a plain form.

    Raises:
        Problem: 415 for another media type, 413 when it is far too long.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM_TYPE:
        raise Problem(problems.MEDIA_TYPE_UNKNOWN, f"A form is sent as {_FORM_TYPE}.")
    body = await request.body()
    if len(body) > LONGEST_FORM_BYTES:
        raise Problem(problems.TOO_LARGE, f"A form has at most {LONGEST_FORM_BYTES} bytes.")
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise Problem(problems.MALFORMED, "The form cannot be read.") from error


async def trusted_form(request: Request) -> dict[str, str]:
    """Returns the fields of a form that came from one of our own pages.

    Raises:
        Problem: 403 when it did not.
    """
    fields = await form_fields(request)
    expected = form_token(request.cookies.get(COOKIE, ""))
    if comes_from_elsewhere(request) or not hmac.compare_digest(
        fields.get("token", "").encode(), expected.encode()
    ):
        raise Problem(problems.FORBIDDEN, "This form is out of date; open the page again.")
    return fields


def comes_from_elsewhere(request: Request) -> bool:
    """Returns whether the browser reports that another site sent this request."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


TrustedForm = Annotated[dict[str, str], Depends(trusted_form)]


def remember(response: Response, session_token: str, *, secure: bool) -> None:
    """Logs a browser in."""
    response.set_cookie(
        COOKIE,
        session_token,
        max_age=SESSION_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def forget(response: Response) -> None:
    """Logs a browser out."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
