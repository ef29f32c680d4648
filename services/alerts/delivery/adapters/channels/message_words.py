"""The words of a message for people, and how a body is held to its size.

They are in the language of the endpoint: the headline, the newest change, the reasons, the next
steps with their days, the deadline and one link. Text from outside is shown as text: nothing in a
name or a reason makes a mention, a link or a format, neither by mark-up nor because a client links
what looks like an address. What does not fit is left out from the end and marked, never cut in the
middle.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from services.alerts.delivery.application.channel import ChannelMessage
from services.wording.figures import Figures
from services.wording.messages import Language

Document = Mapping[str, Any]

MOST_BYTES = 16_000
_SHOWN_REASONS = 3
_SHOWN_ACTIONS = 3
# The colon before two slashes, an at sign, the point before a top-level domain.
_ADDRESS_MARK = re.compile(r":(?=//)|@(?=\S)|(?<=\w)\.(?=[^\W\d_]{2})")
_MARKS = {"HARD": "⛔", "HIGH": "🔴", "MEDIUM": "🟠", "LOW": "🟡"}


class MessageWords:
    """Words a message in one language, that of its endpoint unless another is named.

    `document` has what is shown, as `thinner` shortens it: headline, deadline, the newest news,
    reasons and next steps.
    """

    def __init__(self, message: ChannelMessage, *, language: str | None = None) -> None:
        document, language = message.document, Language(language or message.address.language)
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
        self.thin_title = self._title(
            self._thin_headline(document, text["headline"]), document, message.event_type
        )
        self.borrowers = [
            self._thin_headline(borrower, "") for borrower in document.get("borrowers", ())
        ]
        self.open_card = self._text("message.open_card")
        self.footer = self._text("message.footer")

    def _title(self, headline: str, document: Document, event_type: str) -> str:
        code = event_type.rpartition(".v")[0].removeprefix("alert.")
        step = self._text(f"alert_step.{code}")
        title = self._text("message.title", headline=headline, step=step)
        return f"{_MARKS.get(document['severity'], '')} {title}".strip()

    def _thin_headline(self, document: Document, headline: str) -> str:
        """Returns the borrower and its state without a cause or a figure; a notice has neither."""
        if document.get("state") is None:
            return headline
        state = self._text(f"state.{document['state']}")
        return self._text("message.thin_headline", borrower=document["borrower_id"], state=state)

    def _step(self, step: str, action: Document) -> str:
        return self._text(
            "message.step",
            step=step,
            role=self._text(f"role.{action['role']}"),
            date=self._figures.day(date.fromisoformat(action["due_on"]).toordinal()),
        )

    def _deadline(self, document: Document) -> str:
        outcome = document["outcome_code"]
        if outcome is not None:
            return self._text("message.resolved_as", outcome=self._text(f"outcome.{outcome}"))
        if document["owner"] is None:
            return ""
        owner = document["owner"]["id"]
        if document["deadlines"] is None:
            return self._text("message.owner", owner=owner)
        moment = datetime.fromisoformat(document["deadlines"]["act_by"])
        return self._text("message.act_by", owner=owner, moment=self._figures.moment_utc(moment))


def inert(text: str) -> str:
    """Returns a text in which no client recognises an address: each is broken invisibly."""
    return _ADDRESS_MARK.sub("\\g<0>\u2060", text)


def fitted(data: Document, render: Callable[[Document], Document]) -> bytes:
    """Renders, leaving out what is dispensable until the bytes fit."""
    body = encode(render(data))
    while len(body) > MOST_BYTES:
        data = _thinner(data)
        body = encode(render(data))
    return body


def encode(value: Document) -> bytes:
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
