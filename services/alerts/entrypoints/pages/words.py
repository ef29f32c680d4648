"""Formats values for people: labels, amounts, moments and waits."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.alerts.entrypoints.pages import measures

STATES = {
    "NORMAL": "Normal",
    "ATTENTION": "Attention",
    "WATCH": "Watch",
    "HIGH_RISK": "High risk",
    "DEFAULT": "Default",
    "PROBATION": "Probation",
    "CLOSED": "Closed",
}
# Words that are not respelled, or are longer than their code.
NAMES = {
    "SME": "SME",
    "NPA": "NPA",
    "IFRS": "IFRS",
    "DATA_LOW_CONFIDENCE": "Low confidence in the data",
}
FAMILIES = {
    "REPAYMENT": "Repayment",
    "ACCOUNT": "Account flows",
    "STATEMENT": "Financial statements",
    "COLLATERAL_GROUP": "Collateral and group",
    "EXTERNAL": "External",
}
REGIMES = {
    "ifrs9": "IFRS 9",
    "ifrs9_backstop": "IFRS 9 by a backstop",
    "eu_default": "EU default",
    "eu_reason": "EU default because of",
    "eu_facilities": "Facilities in EU default",
    "npe": "Non-performing",
    "npe_reason": "Non-performing because of",
    "rbi": "RBI",
    "china": "China",
}
OUTCOMES = {
    "CONFIRMED": "Confirmed: the warning was right",
    "MITIGATED": "Mitigated: we acted and it helped",
    "NO_ACTION_RECOVERED": "Recovered without action",
    "FALSE": "False alarm",
    "DATA_ERROR": "Error in the data",
    "SUPERSEDED": "Replaced by a worse alert",
}
EVENTS = {
    "alert.opened.v1": "Opened",
    "alert.updated.v1": "Updated",
    "alert.acknowledged.v1": "Acknowledged",
    "alert.assigned.v1": "Assigned",
    "alert.commented.v1": "Comment",
    "alert.resolved.v1": "Resolved",
    "data-incident.opened.v1": "Cannot be processed",
    "data-incident.closed.v1": "Processed again",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def label(code: str) -> str:
    """Returns a code such as `HIGH_RISK` as words."""
    known = STATES.get(code) or FAMILIES.get(code) or NAMES.get(code)
    # A code with a hyphen is an official label, such as SMA-1, and is not respelled.
    return known or (code if "-" in code else code.replace("_", " ").capitalize())


def money(amount: str | None, currency: str) -> str:
    """Returns an amount with its currency and separated thousands; cents only if not zero."""
    if amount is None:
        return "–"
    value = measures.decimal_or_none(amount)
    if value is None:
        return f"{currency} {amount}"
    shown = f"{value:,.2f}"
    return f"{currency} {shown.removesuffix('.00')}".strip()


def day(value: date | str | None) -> str:
    """Returns a date as `4 Mar 2026`."""
    if value is None:
        return "–"
    if isinstance(value, str):
        value = date.fromisoformat(value)
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime, *, timezone: str) -> str:
    """Returns a moment in the bank's time as `4 Mar 2026, 14:05`."""
    local = value.astimezone(ZoneInfo(timezone))
    return f"{day(local.date())}, {local:%H:%M}"


def wait(duration: timedelta) -> str:
    """Returns a duration roughly: `3 d`, `5 h`, `12 min`."""
    seconds = abs(int(duration.total_seconds()))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "now"


def why(headline: str) -> str:
    """Returns the cause in a headline: the part after borrower and state."""
    _, _, cause = headline.partition(": ")
    return cause or headline
