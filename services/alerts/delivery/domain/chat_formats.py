"""The same event in the words of Slack and of Microsoft Teams.

For officers whose inbox is a chat. Both show the headline, the reasons, the next steps with
their days, the deadline and one link. Text from elsewhere is escaped: nothing in a reason can
make a mention or a link.
"""

from typing import Any

from services.alerts.decisions.domain.payload import Document, fitted, standard_body
from services.alerts.delivery.domain.endpoint import PayloadFormat

_SHOWN_REASONS = 3
_SHOWN_ACTIONS = 3
_MARKS = {"HARD": "⛔", "HIGH": "🔴", "MEDIUM": "🟠", "LOW": "🟡"}


def render(document: Document, *, format: PayloadFormat, kind: str, at: str, link: str) -> bytes:
    """Return the body in the endpoint's format."""
    if format is PayloadFormat.SLACK:
        return fitted(dict(document), lambda data: slack(data, kind=kind, link=link))
    if format is PayloadFormat.TEAMS:
        return fitted(dict(document), lambda data: teams(data, kind=kind, link=link))
    return standard_body(document, kind=kind, at=at, link=link)


def slack(document: Document, *, kind: str, link: str) -> dict[str, Any]:
    """Return a Slack message: plain text for the notification, blocks for the screen."""
    title = _title(document, kind)
    lines = [f"• {_for_slack(line)}" for line in _reasons(document)]
    steps = [f"☐ {_for_slack(line)}" for line in _actions(document)]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_for_slack(title)}*"}},
    ]
    if lines:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}})
    if steps:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(steps)}})
    footer = f"{_for_slack(_deadline(document))} · <{link}|Open the warning card>"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": footer}]})
    return {"text": _for_slack(title), "blocks": blocks}


def teams(document: Document, *, kind: str, link: str) -> dict[str, Any]:
    """Return a Teams message: an adaptive card for a workflow webhook."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": _for_teams(_title(document, kind)),
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
        },
        *(
            {"type": "TextBlock", "text": f"- {_for_teams(line)}", "wrap": True}
            for line in (*_reasons(document), *_actions(document))
        ),
        {"type": "TextBlock", "text": _deadline(document), "isSubtle": True, "wrap": True},
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open the warning card", "url": link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _title(document: Document, kind: str) -> str:
    step = kind.removeprefix("alert.").removesuffix(".v1")
    return f"{_MARKS.get(document['severity'], '')} {document['headline']} [{step}]".strip()


def _reasons(document: Document) -> list[str]:
    return [reason["line"] for reason in document["reasons"][:_SHOWN_REASONS]]


def _actions(document: Document) -> list[str]:
    return [
        f"{action['text']} ({action['role']}, by {action['due_on']})"
        for action in document["actions"][:_SHOWN_ACTIONS]
    ]


def _deadline(document: Document) -> str:
    if document["outcome_code"] is not None:
        return f"Closed as {document['outcome_code']}"
    owner = document["owner"]["id"]
    return f"Owner {owner}, act by {document['deadlines']['act_by'][:16].replace('T', ' ')} UTC"


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _for_teams(text: str) -> str:
    for character in "\\[]*_`<>":
        text = text.replace(character, f"\\{character}")
    return text
