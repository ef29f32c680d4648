"""The body for a Microsoft Teams workflow webhook: an adaptive card whose button opens the card."""

from typing import Any

from services.alerts.delivery.adapters.channels.message_words import (
    Document,
    MessageWords,
    fitted,
    inert,
)
from services.alerts.delivery.application.channel import ChannelMessage


def teams_body(message: ChannelMessage) -> bytes:
    """Returns a Teams message: an adaptive card for a workflow webhook."""
    words = MessageWords(message)
    return fitted(words.document, lambda data: _teams(data, words, message.link))


def _teams(document: Document, words: MessageWords, link: str) -> Document:
    reasons = [reason["line"] for reason in document["reasons"]]
    lines = (f"• {line}" for line in (*reasons, *document["actions"]))
    body = [
        _rich_text(document["headline"], weight="Bolder", size="Medium"),
        *(_rich_text(line) for line in document["news"]),
        *(_rich_text(line) for line in lines),
        *(_rich_text(line, isSubtle=True) for line in [document["deadline"]] if line),
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
        "inlines": [{"type": "TextRun", "text": inert(text), **style}],
    }
