"""The officers' inbox of the demo: a small real HTTP receiver of webhooks.

Runs in a thread of the demo's process with an event loop of its own, on a free port of the
loopback interface. `GET /` is a page, `GET /messages.json` the same as JSON, `GET /mail` shows the
mailboxes, `POST /webhooks` receives for the officers and `POST /channel` for their chat channel.
Invariant: every message that it answered with 2xx is stored and shown.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from lab.demo.mail_server import Mail, MailServer
from lab.demo.mailbox import InboxCounts, Mailbox, ReceivedMessage, ReceiverAnswer
from services.kit.clock import SystemClock

HOST = "127.0.0.1"
START_SECONDS = 10.0
# Longer than the demo's alerts service waits for an answer.
TOO_LATE_SECONDS = 5.0
MOST_BODY_BYTES = 1_000_000
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3"><title>Inbox</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}
li{border-left:.3rem solid #c33;padding:.4rem .8rem;margin:.8rem 0;list-style:none}
ul{padding:0}small{color:#555}</style></head><body><h1>Inbox of the loan officers</h1>"""


class Inbox:
    """The receiver: start it, read `mailbox`, stop it."""

    def __init__(
        self,
        officers: Mailbox,
        *,
        channel: Mailbox | None = None,
        mail_server: MailServer | None = None,
    ) -> None:
        self.officers = officers
        self._mail_server = mail_server
        self.channel = channel if channel is not None else Mailbox()
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"http://{HOST}:{self.port}/"

    @property
    def webhook_url(self) -> str:
        """Return the address that receives for the officers."""
        return f"http://{HOST}:{self.port}/webhooks"

    @property
    def channel_url(self) -> str:
        """Return the address that receives for the chat channel."""
        return f"http://{HOST}:{self.port}/channel"

    @property
    def counts(self) -> InboxCounts:
        """Return what came to both."""
        return self.officers.counts.plus(self.channel.counts)

    def start(self) -> None:
        """Listen; returns when it answers.

        Raises:
            TimeoutError: If it did not come up.
        """
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application(self.officers, self.channel, self._mail_server),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _InboxServer(config)
        self._thread = threading.Thread(target=self._serve, name="inbox", daemon=True)
        self._thread.start()
        if not self._server.is_up.wait(START_SECONDS):
            raise TimeoutError(f"the inbox did not start within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(START_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        assert self._server is not None
        assert self._socket is not None
        asyncio.run(self._server.serve(sockets=[self._socket]))


class _InboxServer(uvicorn.Server):
    """A uvicorn that signals when it listens and leaves the process's signals to the demo."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.is_up.set()


def application(
    officers: Mailbox, channel: Mailbox, mail_server: MailServer | None = None
) -> Starlette:
    """Return the receiver as an application."""

    async def page(_: Request) -> Response:
        return HTMLResponse(_page(officers))

    async def messages(_: Request) -> Response:
        return JSONResponse(_listed(officers))

    async def channel_messages(_: Request) -> Response:
        return JSONResponse(_listed(channel))

    async def mail(_: Request) -> Response:
        return HTMLResponse(_mail_page(mail_server.mails if mail_server else ()))

    return Starlette(
        routes=[
            Route("/webhooks", _receiver(officers), methods=["POST"]),
            Route("/channel", _receiver(channel), methods=["POST"]),
            Route("/", page),
            Route("/mail", mail),
            Route("/messages.json", messages),
            Route("/channel.json", channel_messages),
        ]
    )


def _receiver(mailbox: Mailbox) -> Callable[[Request], Awaitable[Response]]:
    clock = SystemClock()

    async def receive(request: Request) -> Response:
        body = await request.body()
        if len(body) > MOST_BODY_BYTES:
            return Response(status_code=413)
        answer = mailbox.take(dict(request.headers), body, now=clock.now())
        if answer is ReceiverAnswer.TOO_LATE:
            await asyncio.sleep(TOO_LATE_SECONDS)
        return _reply(answer)

    return receive


def _listed(mailbox: Mailbox) -> dict[str, object]:
    counts = mailbox.counts
    return {
        "attempts": counts.attempts,
        "kept": counts.accepted,
        "repeats": counts.repeats,
        "refused": counts.refused,
        "forged": counts.forged,
        "messages": [_shown(message) for message in mailbox.newest()],
    }


def _reply(answer: ReceiverAnswer) -> Response:
    match answer:
        case ReceiverAnswer.UNAVAILABLE:
            return Response("come back later", status_code=503)
        case ReceiverAnswer.BUSY:
            return Response("too many", status_code=429, headers={"Retry-After": "2"})
        case ReceiverAnswer.FORGED:
            return Response("the signature does not match", status_code=401)
        case ReceiverAnswer.UNREADABLE:
            return Response("not a JSON object", status_code=400)
        case _:
            return Response(status_code=204)


def _shown(message: ReceivedMessage) -> dict[str, object]:
    return {
        "webhook_id": message.webhook_id,
        "received_at": message.received_at.isoformat(),
        "attempts": message.attempts,
        "repeats": message.repeats,
        "body": message.body,
    }


def _page(mailbox: Mailbox) -> str:
    counts = mailbox.counts
    head = (
        f"<p>{counts.accepted} messages, {counts.attempts} attempts, "
        f"{counts.refused} refused on purpose, {counts.repeats} repeats, {counts.forged} forged. "
        '<a href="/messages.json">As JSON</a> · <a href="/mail">Mail</a></p><ul>'
    )
    items = "".join(_item(message) for message in mailbox.newest()[:200])
    return f"{PAGE}{head}{items}</ul></body></html>"


def _item(message: ReceivedMessage) -> str:
    data = message.body.get("data")
    fields = data if isinstance(data, dict) else {}
    words = fields.get("headline") or fields.get("borrower_id") or message.webhook_id
    return (
        f"<li><strong>{escape(str(words))}</strong><br>"
        f"<small>{escape(str(message.body.get('type', '')))} · "
        f"{message.received_at:%H:%M:%S} · attempt {message.attempts}</small></li>"
    )


def _mail_page(mails: Sequence[Mail]) -> str:
    items = "".join(
        f"<li><strong>{escape(mail.subject)}</strong><br><small>to {escape(mail.recipient)} · "
        f"{escape(mail.sent)}</small><pre>{escape(mail.text)}</pre></li>"
        for mail in mails[:200]
    )
    head = f'<p>{len(mails)} mails. <a href="/">Webhooks</a></p><ul>'
    return f"{PAGE}{head}{items}</ul></body></html>"
