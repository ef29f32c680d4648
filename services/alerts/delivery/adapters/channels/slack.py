"""The body for a Slack incoming webhook: blocks, with one button that opens the card."""

from typing import Any

from services.alerts.delivery.adapters.channels.message_words import (
    Document,
    MessageWords,
    fitted,
    inert,
)
from services.alerts.delivery.application.channel import ChannelMessage

# Slack refuses a message with a longer text in a block.
_MOST_SLACK_CHARACTERS = 2_900


def slack_body(message: ChannelMessage) -> bytes:
    """Returns a Slack message: plain text for the notification, blocks for the screen."""
    words = MessageWords(message)
    return fitted(words.document, lambda data: _slack(data, words, message.link))


def _slack(document: Document, words: MessageWords, link: str) -> Document:
    title = inert(document["headline"])
    changed = [inert(line) for line in document["news"]]
    lines = [f"• {inert(reason['line'])}" for reason in document["reasons"]]
    steps = [f"☐ {inert(line)}" for line in document["actions"]]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": _cut("\n".join(part))}}
        for part in ([title], changed, lines, steps)
        if part
    ]
    if document["deadline"]:
        # A notice has none, and Slack refuses an empty text.
        deadline = {"type": "plain_text", "text": _cut(inert(document["deadline"]))}
        blocks.append({"type": "context", "elements": [deadline]})
    blocks.append({"type": "actions", "elements": [_button(words.open_card, link)]})
    return {
        "text": _for_slack(title),
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def _button(text: str, link: str) -> Document:
    """Returns a button that opens an address in the browser; nothing is sent to us by Slack."""
    return {
        "type": "button",
        "action_id": "open_card",
        "text": {"type": "plain_text", "text": text},
        "url": link,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SLACK_CHARACTERS else text[:_MOST_SLACK_CHARACTERS] + "…"


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
