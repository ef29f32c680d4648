"""The webhook channel: a signed HTTP POST, its body written in one of three formats.

Standard Webhooks is for systems; Slack and Microsoft Teams are for officers whose inbox is a chat.
The chat formats show, in the language of the endpoint, the headline, the newest change, the
reasons, the next steps with their days, the deadline and one link. Text from outside is shown as
text: nothing in a name or a reason makes a mention, a link or a format, neither by mark-up nor
because a client links what looks like an address. A body has at most 16 kB and is the same at every
attempt; what does not fit is left out from the end and marked, never cut in the middle.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Protocol

from services.alerts.delivery.adapters.channels.http_poster import HttpRequest
from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain import signing
from services.alerts.delivery.domain.attempt import AttemptResult
from services.kit.clock import Clock
from services.wording.figures import Figures
from services.wording.messages import Language

Document = Mapping[str, Any]

USER_AGENT = "Tocsin-Webhooks/1"
MOST_BYTES = 16_000
_SHOWN_REASONS = 3
_SHOWN_ACTIONS = 3
# Slack refuses a message with a longer text in a block.
_MOST_SLACK_CHARACTERS = 2_900
# The colon before two slashes, an at sign, the point before a top-level domain.
_ADDRESS_MARK = re.compile(r":(?=//)|@(?=\S)|(?<=\w)\.(?=[^\W\d_]{2})")
_MARKS = {"HARD": "⛔", "HIGH": "🔴", "MEDIUM": "🟠", "LOW": "🟡"}


class Poster(Protocol):
    """Posts a request; what the network or the receiver does is a result, never an exception."""

    async def post(self, request: HttpRequest) -> AttemptResult: ...


class WebhookChannel:
    """Renders, signs and posts messages."""

    def __init__(
        self, render: Callable[[ChannelMessage], bytes], *, poster: Poster, clock: Clock
    ) -> None:
        self._render = render
        self._poster = poster
        self._clock = clock

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Posts a message under its id, signed at the moment of this attempt."""
        body = self._render(message)
        signature = signing.sign(
            webhook_id=message.message_id,
            at=self._clock.now(),
            body=body,
            secrets=message.address.secrets,
        )
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, **signature}
        return await self._poster.post(
            HttpRequest(url=message.address.target, headers=headers, body=body)
        )


def standard_body(message: ChannelMessage) -> bytes:
    """Returns the Standard Webhooks payload: type, timestamp and data."""
    return _fitted(
        {**message.document, "links": {"card": message.link}},
        lambda data: {
            "type": message.event_type,
            "timestamp": message.at.isoformat(),
            "data": data,
        },
    )


def slack_body(message: ChannelMessage) -> bytes:
    """Returns a Slack message: plain text for the notification, blocks for the screen."""
    words = _ChatWords(message)
    return _fitted(words.document, lambda data: _slack(data, words, message.link))


def teams_body(message: ChannelMessage) -> bytes:
    """Returns a Teams message: an adaptive card for a workflow webhook."""
    words = _ChatWords(message)
    return _fitted(words.document, lambda data: _teams(data, words, message.link))


class _ChatWords:
    """Words a message in the language of its endpoint.

    `document` has what is shown, as `_thinner` shortens it: headline, deadline, the newest news,
    reasons and next steps.
    """

    def __init__(self, message: ChannelMessage) -> None:
        document, language = message.document, Language(message.address.language)
        self._figures = Figures(language)
        self._text = self._figures.messages.text
        text = document["texts"].get(language.value) or {
            "headline": self._text("message.tested"),
            **dict.fromkeys(("why", "reasons", "actions"), ()),
        }
        # Before any news, why the state was entered, as recorded then.
        news = next((item["texts"][language.value] for item in document["news"]), text["why"])
        steps = zip(text["actions"], document["actions"], strict=True)
        self.document: Document = {
            "headline": self._title(text["headline"], document, message.event_type),
            "deadline": self._deadline(document),
            "texts": {},
            "news": list(news),
            "reasons": [{"line": line} for line in text["reasons"][:_SHOWN_REASONS]],
            "actions": [self._step(*step) for step in list(steps)[:_SHOWN_ACTIONS]],
        }
        self.open_card = self._text("message.open_card")

    def _title(self, headline: str, document: Document, event_type: str) -> str:
        code = event_type.rpartition(".v")[0].removeprefix("alert.")
        step = self._text(f"alert_step.{code}")
        title = self._text("message.title", headline=headline, step=step)
        return f"{_MARKS.get(document['severity'], '')} {title}".strip()

    def _step(self, step: str, action: Document) -> str:
        return self._text(
            "message.step",
            step=step,
            role=self._text(f"role.{action['role']}"),
            date=self._figures.day(date.fromisoformat(action["due_on"]).toordinal()),
        )

    def _deadline(self, document: Document) -> str:
        outcome, owner = document["outcome_code"], document["owner"]["id"]
        if outcome is not None:
            return self._text("message.resolved_as", outcome=self._text(f"outcome.{outcome}"))
        if document["deadlines"] is None:
            return self._text("message.owner", owner=owner)
        moment = datetime.fromisoformat(document["deadlines"]["act_by"])
        return self._text("message.act_by", owner=owner, moment=self._figures.moment_utc(moment))


def _slack(document: Document, words: _ChatWords, link: str) -> Document:
    title = _inert(document["headline"])
    changed = [_inert(line) for line in document["news"]]
    lines = [f"• {_inert(reason['line'])}" for reason in document["reasons"]]
    steps = [f"☐ {_inert(line)}" for line in document["actions"]]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": _cut("\n".join(part))}}
        for part in ([title], changed, lines, steps)
        if part
    ]
    blocks.append(
        {
            "type": "context",
            "elements": [
                {"type": "plain_text", "text": _cut(_inert(document["deadline"]))},
                # Verbatim: only the link that is written as one.
                {"type": "mrkdwn", "text": f"<{link}|{words.open_card}>", "verbatim": True},
            ],
        }
    )
    return {
        "text": _for_slack(title),
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def _teams(document: Document, words: _ChatWords, link: str) -> Document:
    reasons = [reason["line"] for reason in document["reasons"]]
    lines = (f"• {line}" for line in (*reasons, *document["actions"]))
    body = [
        _rich_text(document["headline"], weight="Bolder", size="Medium"),
        *(_rich_text(line) for line in document["news"]),
        *(_rich_text(line) for line in lines),
        _rich_text(document["deadline"], isSubtle=True),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": words.open_card, "url": link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _rich_text(text: str, **style: Any) -> dict[str, Any]:
    """Returns a block whose text is no Markdown, unlike that of a TextBlock."""
    return {
        "type": "RichTextBlock",
        "inlines": [{"type": "TextRun", "text": _inert(text), **style}],
    }


def _inert(text: str) -> str:
    """Returns a text in which no client recognises an address: each is broken invisibly."""
    return _ADDRESS_MARK.sub("\\g<0>\u2060", text)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SLACK_CHARACTERS else text[:_MOST_SLACK_CHARACTERS] + "…"


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fitted(data: Document, render: Callable[[Document], Document]) -> bytes:
    """Renders, leaving out what is dispensable until the bytes fit."""
    body = _encode(render(data))
    while len(body) > MOST_BYTES:
        data = _thinner(data)
        body = _encode(render(data))
    return body


def _encode(value: Document) -> bytes:
    """Returns compact JSON with sorted keys: equal values are equal bytes."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    ).encode("utf-8")


def _thinner(document: Document) -> Document:
    """Leaves the next dispensable part out: evidence, words, news, reasons, actions, then text."""
    data = {**document, "is_shortened": True}
    if any(reason.get("evidence_event_ids") for reason in data["reasons"]):
        data["reasons"] = [{**reason, "evidence_event_ids": []} for reason in data["reasons"]]
    elif any(text["why"] or text["reasons"] for text in data["texts"].values()):
        spared = dict.fromkeys(("why", "reasons", "actions"), ())
        data["texts"] = {language: text | spared for language, text in data["texts"].items()}
    elif data["news"]:
        data["news"] = data["news"][:-1]
    elif len(data["reasons"]) > 1:
        data["reasons"] = data["reasons"][:-1]
    elif len(data["actions"]) > 1:
        data["actions"] = data["actions"][:-1]
    else:
        longest = max(
            (name for name, value in data.items() if isinstance(value, str)),
            key=lambda name: len(data[name]),
            default=None,
        )
        if longest is None or len(data[longest]) < 100:
            return {**data, "reasons": [], "actions": [], "texts": {}}
        data[longest] = data[longest][: len(data[longest]) // 2] + "…"
    return data
