"""The document of a step: stored in the history, shown, and delivered from.

It has ids, reasons, next steps and links, but no name and no account number.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.alerts.decisions.domain.alert import (
    Action,
    AlertChange,
    AlertText,
    Deadlines,
    NewsItem,
    Owner,
    ReasonLine,
)
from services.alerts.decisions.domain.data_incident import DataIncident
from services.alerts.decisions.domain.drafting import ENGLISH


def event_document(change: AlertChange) -> dict[str, Any]:
    """Returns a step as plain JSON values."""
    alert = change.alert
    return {
        "alert_id": alert.alert_id,
        "version": alert.version,
        "borrower_id": alert.borrower_id,
        "alert_type": alert.alert_type.value,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "state": alert.state.value,
        "from_state": None if alert.from_state is None else alert.from_state.value,
        "state_since": alert.state_since.isoformat(),
        "as_of": alert.as_of.isoformat(),
        "score": alert.score,
        "headline": alert.headline,
        "why": change.why,
        "actor": change.actor,
        "owner": _plain(alert.owner),
        "second_owner": None if alert.second_owner is None else _plain(alert.second_owner),
        "is_digest": alert.is_digest,
        "deadlines": _plain(alert.deadlines),
        "news": [_news(item) for item in alert.news],
        "texts": {language: _plain(text) for language, text in alert.texts.items()},
        "reasons": [_plain(reason) for reason in alert.reasons],
        "actions": [_plain(action) for action in alert.actions],
        "outcome_code": None if alert.outcome_code is None else alert.outcome_code.value,
        **change.details,
    }


def _news(item: NewsItem) -> dict[str, Any]:
    """Returns one piece of news with its sentences by language."""
    return {
        "at": item.at.isoformat(),
        "kind": item.kind.value,
        "texts": {language: list(text) for language, text in item.texts.items()},
    }


def incident_document(incident: DataIncident, headlines: Mapping[str, str]) -> dict[str, Any]:
    """Returns the begin or the end of a data incident as plain JSON values.

    `headlines` are the incident in a sentence, by language.
    """
    return {
        "incident_id": incident.incident_id,
        "borrower_id": incident.borrower_id,
        "alert_id": incident.alert_id,
        "severity": None,
        "state": incident.state.value,
        "since": incident.since.isoformat(),
        "ended_at": None if incident.ended_at is None else incident.ended_at.isoformat(),
        "headline": headlines[ENGLISH],
        "texts": {
            language: {"headline": headline, "why": [], "reasons": [], "actions": []}
            for language, headline in headlines.items()
        },
        "news": [],
        "owner": _plain(incident.owner),
        "deadlines": None,
        "reasons": [],
        "actions": [],
        "outcome_code": None,
    }


def _plain(part: Owner | ReasonLine | Action | Deadlines | AlertText) -> dict[str, Any]:
    """Returns the fields of a part as plain JSON values."""
    return {name: _json(getattr(part, name)) for name in part.__slots__}


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
