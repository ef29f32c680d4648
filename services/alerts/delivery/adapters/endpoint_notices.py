"""Notices about an endpoint that fails, sent through another endpoint, its notice endpoint.

A notice is a delivery like every other: it is leased, repeated and logged. Where the notice
endpoint is the directory, it goes to the mailbox of the owner of the endpoint that fails.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from services.alerts.delivery.domain.mailbox import RESPONSIBLE
from services.alerts.primitives.vocabulary import Severity
from services.kit.database import Connection
from services.wording.messages import Language, messages_in

FAILING = "webhook.failing.v1"
DISABLED = "webhook.disabled.v1"
ADD = f"""
INSERT INTO alerts.webhook_delivery
       (endpoint_id, recipient_id, event_id, kind, document, due_at, created_at)
SELECT other.endpoint_id, CASE WHEN other.url = '{RESPONSIBLE}' THEN failing.owner_id END,
       'notice-' || gen_random_uuid(), $2, $3, now(), now()
  FROM alerts.webhook_endpoint AS failing
       JOIN alerts.webhook_endpoint AS other
         ON other.endpoint_id = failing.notice_endpoint_id AND other.is_enabled
 WHERE failing.endpoint_id = $1
   AND (other.url <> '{RESPONSIBLE}' OR failing.owner_id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointNotice:
    """What is sent about an endpoint."""

    endpoint_id: str
    kind: str
    headlines: dict[str, str]


def failing(endpoint_id: str) -> EndpointNotice:
    """Returns the notice that an endpoint no longer answers and is spared for a while."""
    return _notice(endpoint_id, FAILING, "notice.failing")


def disabled(endpoint_id: str, *, reason: str) -> EndpointNotice:
    """Returns the notice that nothing is sent to an endpoint until somebody enables it."""
    return _notice(endpoint_id, DISABLED, "notice.disabled", reason=reason)


async def add(connection: Connection, notice: EndpointNotice) -> None:
    """Adds a notice in the transaction that recorded the failure, if the endpoint names where."""
    document = msgspec.json.encode(_document(notice)).decode("utf-8")
    await connection.execute(ADD, notice.endpoint_id, notice.kind, document)


def _notice(endpoint_id: str, kind: str, key: str, **figures: str) -> EndpointNotice:
    headlines = {
        language.value: messages_in(language).text(key, endpoint=endpoint_id, **figures)
        for language in Language
    }
    return EndpointNotice(endpoint_id=endpoint_id, kind=kind, headlines=headlines)


def _document(notice: EndpointNotice) -> dict[str, Any]:
    """Returns the document of a notice, with the fields of an alert that channels read."""
    return {
        "endpoint_id": notice.endpoint_id,
        "headline": notice.headlines[Language.ENGLISH.value],
        "severity": Severity.HIGH.value,
        "owner": None,
        "deadlines": None,
        "news": [],
        "texts": {
            language: {"headline": headline, "why": [], "reasons": [], "actions": []}
            for language, headline in notice.headlines.items()
        },
        "reasons": [],
        "actions": [],
        "outcome_code": None,
    }
