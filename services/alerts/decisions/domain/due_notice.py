"""A maturity or an inspection that reaches a person although no signal changed.

It is news of the open alert, so that whoever works on the borrower reads it there. Without an open
alert the digest lists it; it opens none, because nothing has got worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.alerts.decisions.domain.alert import SYSTEM, Alert, AlertChange, NewsItem
from services.alerts.decisions.domain.drafting import ENGLISH, MOST_NEWS
from services.alerts.primitives.vocabulary import AlertEventKind, AlertType


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """What is due for a borrower, once per `due_on`.

    Attributes:
        kind: A maturity or an inspection.
        reference: The loan that ends, or the kind of inspection.
        texts: What is due in a sentence, by language.
    """

    borrower_id: str
    kind: AlertType
    reference: str
    due_on: date
    as_of: date
    at: datetime
    texts: Mapping[str, str]


def on_open_alert(alert: Alert, notice: DueNotice) -> AlertChange:
    """Returns the change by which an open alert has the notice as its newest news."""
    texts = {language: (text,) for language, text in notice.texts.items()}
    news = NewsItem(at=notice.at, kind=notice.kind, differences=(), texts=texts)
    version = alert.version + 1
    after = replace(
        alert,
        version=version,
        changed_version=version,
        updated_at=notice.at,
        news=(news, *alert.news)[:MOST_NEWS],
    )
    return AlertChange(
        kind=AlertEventKind.UPDATED,
        alert=after,
        at=notice.at,
        actor=SYSTEM,
        why=notice.texts[ENGLISH],
    )
