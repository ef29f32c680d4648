"""The steps that people take on an alert, each checked against its status.

The handling use cases call them with the alert locked. A step returns the change to record, or
`StepNotAllowed` if the status forbids it; a value that breaks a limit raises `InvalidInput`. A
resolved alert accepts comments, links and being reopened.

Comments and links leave `changed_version` as it is, so they never conflict with another step.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from services.alerts.decisions.domain import timers
from services.alerts.decisions.domain.alert import (
    Alert,
    AlertChange,
    Deadlines,
    DocumentLink,
    Owner,
    Snooze,
)
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives import limits
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import (
    OUTCOMES_OF_A_PERSON,
    AlertEventKind,
    AlertStatus,
    OutcomeCode,
    OwnerKind,
    Severity,
)

BY_HAND = "by hand"
# A hard alert cannot wait.
LONGEST_SNOOZES: Mapping[Severity, timedelta] = {
    Severity.HIGH: timedelta(days=3),
    Severity.MEDIUM: timedelta(days=14),
    Severity.LOW: timedelta(days=30),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotAllowed:
    """A step that the status of the alert forbids, and why."""

    why: str


Taken = AlertChange | StepNotAllowed


def acknowledge(alert: Alert, *, actor: str, at: datetime) -> Taken:
    """Acknowledges an open alert."""
    if alert.status is not AlertStatus.OPEN:
        return StepNotAllowed(
            why=f"only an OPEN alert can be acknowledged; this one is {alert.status}"
        )
    after = _acknowledged(alert, actor=actor, at=at)
    return _change(AlertEventKind.ACKNOWLEDGED, after, actor=actor, at=at, why="acknowledged")


def start(alert: Alert, *, actor: str, at: datetime) -> Taken:
    """Starts work on an alert; on an open one it acknowledges too."""
    if alert.status not in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED):
        return StepNotAllowed(
            why=f"only an OPEN or ACKNOWLEDGED alert can be started; this one is {alert.status}"
        )
    is_open = alert.status is AlertStatus.OPEN
    begun = _acknowledged(alert, actor=actor, at=at) if is_open else _touched(alert)
    after = replace(begun, status=AlertStatus.IN_PROGRESS)
    return _change(AlertEventKind.STARTED, after, actor=actor, at=at, why="work started")


def assign(
    alert: Alert, *, owner_kind: OwnerKind, owner_id: str, actor: str, at: datetime
) -> Taken:
    """Assigns an open alert to another owner."""
    if not alert.is_open:
        return StepNotAllowed(why="a resolved alert keeps its owner")
    if not re.fullmatch(limits.OWNER_ID_PATTERN, owner_id):
        raise InvalidInput(
            f"owner_id must have 1 to {limits.OWNER_ID_CHARACTERS} visible ASCII characters and "
            "no space; send the id of an officer or a queue, not a name",
            pointer="/owner_id",
        )
    if (alert.owner.kind, alert.owner.id) == (owner_kind, owner_id):
        return StepNotAllowed(why=f"{owner_id} holds this alert already")
    owner = Owner(kind=owner_kind, id=owner_id, route=BY_HAND)
    timer = alert.timer if alert.snooze else timers.to_be_scheduled(alert.timer, at=at)
    return _change(
        AlertEventKind.ASSIGNED,
        replace(_touched(alert), owner=owner, timer=timer),
        actor=actor,
        at=at,
        why=f"assigned by hand, before: {alert.owner.id}",
        details={"previous_owner_id": alert.owner.id},
    )


def snooze(alert: Alert, *, until: datetime, reason: str, actor: str, at: datetime) -> Taken:
    """Lets an alert wait until a moment; its deadlines stop meanwhile."""
    longest = LONGEST_SNOOZES.get(alert.severity)
    if not alert.is_open:
        return StepNotAllowed(why="a resolved alert does not wait for anything")
    if longest is None:
        return StepNotAllowed(why=f"an alert of severity {alert.severity} cannot wait")
    if alert.snooze is not None:
        return StepNotAllowed(why=f"it is snoozed until {alert.snooze.until.isoformat()}")
    if alert.timer.snoozes >= limits.MOST_SNOOZES:
        return StepNotAllowed(why=f"it was snoozed {alert.timer.snoozes} times; act or resolve it")
    if not at < until <= at + longest:
        raise InvalidInput(
            f"until must be in the future and at most {longest.days} days from now for severity "
            f"{alert.severity}",
            pointer="/until",
        )
    _check_text(reason, pointer="/reason")
    timer = replace(alert.timer, snoozes=alert.timer.snoozes + 1, due_at=until)
    after = replace(
        _touched(alert),
        snooze=Snooze(began_at=at, until=until, reason=reason, by=actor),
        timer=timer,
    )
    return _change(
        AlertEventKind.SNOOZED,
        after,
        actor=actor,
        at=at,
        why=f"snoozed until {until.isoformat(timespec='minutes')}: {reason}",
        details={"until": until.isoformat(), "reason": reason},
    )


def end_snooze(alert: Alert, *, calendar: WorkingCalendar, actor: str, at: datetime) -> Taken:
    """Ends the waiting of a snoozed alert; its deadlines go on."""
    if alert.snooze is None:
        return StepNotAllowed(why="it is not snoozed")
    after = timers.resumed(alert, at=at, calendar=calendar)
    return _change(
        AlertEventKind.SNOOZE_ENDED, after, actor=actor, at=at, why="the snooze was ended"
    )


def comment(alert: Alert, *, text: str, actor: str, at: datetime) -> Taken:
    """Comments on an alert."""
    _check_text(text, pointer="/text")
    return _remark(
        AlertEventKind.COMMENTED, alert, actor=actor, at=at, why="commented", comment=text
    )


def link(alert: Alert, *, url: str, sha256: str, title: str, actor: str, at: datetime) -> Taken:
    """Links a document to an alert, with the hash of its content."""
    parts = urlsplit(url)
    is_address = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    if not is_address or len(url) > limits.LINK_URL_CHARACTERS or not url.isprintable():
        raise InvalidInput(
            "url must be an http or https address without a user name, at most "
            f"{limits.LINK_URL_CHARACTERS} characters",
            pointer="/url",
        )
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise InvalidInput(
            "sha256 must be the SHA-256 of the document as 64 lower-case hex digits",
            pointer="/sha256",
        )
    if not title.strip() or len(title) > limits.LINK_TITLE_CHARACTERS:
        raise InvalidInput(
            f"title must have 1 to {limits.LINK_TITLE_CHARACTERS} characters", pointer="/title"
        )
    if len(alert.links) >= limits.MOST_LINKS:
        return StepNotAllowed(why=f"it has {limits.MOST_LINKS} links; link a folder instead")
    document = DocumentLink(url=url, sha256=sha256, title=title, by=actor, at=at)
    return _remark(
        AlertEventKind.LINKED,
        replace(alert, links=(*alert.links, document)),
        actor=actor,
        at=at,
        why="linked a document",
        url=url,
        sha256=sha256,
        title=title,
    )


def resolve(
    alert: Alert, *, outcome_code: OutcomeCode, note: str, actor: str, at: datetime
) -> Taken:
    """Closes an alert with an outcome code."""
    if not alert.is_open:
        return StepNotAllowed(why=f"it is resolved already, as {alert.outcome_code}")
    if outcome_code not in OUTCOMES_OF_A_PERSON:
        raise InvalidInput(
            f"only the system closes an alert as {outcome_code}; choose one of "
            f"{', '.join(sorted(OUTCOMES_OF_A_PERSON))}",
            pointer="/outcome_code",
        )
    _check_note(note, pointer="/note")
    return closed(
        _touched(alert),
        outcome_code=outcome_code,
        why="resolved",
        note=note,
        actor=actor,
        at=at,
    )


def reopen(alert: Alert, *, reason: str, deadlines: Deadlines, actor: str, at: datetime) -> Taken:
    """Opens a resolved alert again, with deadlines that begin now."""
    if alert.resolved_at is None:
        return StepNotAllowed(why="it is not resolved")
    if alert.outcome_code is OutcomeCode.SUPERSEDED:
        return StepNotAllowed(why="a worse alert of the borrower superseded it; work on that one")
    if at - alert.resolved_at > limits.REOPEN_WITHIN:
        return StepNotAllowed(
            why=f"it was resolved more than {limits.REOPEN_WITHIN.days} days ago; raise a finding"
        )
    _check_text(reason, pointer="/reason")
    return _change(
        AlertEventKind.REOPENED,
        _open_again(_touched(alert), deadlines, at=at),
        actor=actor,
        at=at,
        why=f"reopened, it was {alert.outcome_code}: {reason}",
        details={"reason": reason, "round": alert.timer.round + 1},
    )


def rearmed(change: AlertChange, *, fresh: Deadlines) -> AlertChange:
    """Returns worse news as it opens an alert again that somebody acknowledged or snoozed.

    The time to acknowledge begins again; worse news never gives more time to act.
    """
    alert = change.alert
    if alert.status is AlertStatus.OPEN and alert.snooze is None:
        return change
    deadlines = replace(fresh, act_by=min(fresh.act_by, alert.deadlines.act_by))
    after = _open_again(alert, deadlines, at=change.at)
    details = {**change.details, "round": after.timer.round}
    return replace(change, kind=AlertEventKind.REARMED, alert=after, details=details)


def closed(
    alert: Alert, *, outcome_code: OutcomeCode, why: str, note: str, actor: str, at: datetime
) -> AlertChange:
    """Returns the change that closes an alert, for people and for the system alike."""
    after = replace(
        alert,
        status=AlertStatus.RESOLVED,
        resolved_at=at,
        outcome_code=outcome_code,
        snooze=None,
        timer=timers.ended(alert.timer),
    )
    details = {"note": note} if note else {}
    return _change(AlertEventKind.RESOLVED, after, actor=actor, at=at, why=why, details=details)


def allowed_actions(alert: Alert, *, at: datetime) -> tuple[str, ...]:
    """Returns the steps that a person may take on an alert now, by the names of their routes."""
    is_open, status = alert.is_open, alert.status
    tests: Mapping[str, Callable[[], bool]] = {
        "acknowledge": lambda: status is AlertStatus.OPEN,
        "start": lambda: status in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED),
        "snooze": lambda: (
            is_open
            and alert.snooze is None
            and alert.severity in LONGEST_SNOOZES
            and alert.timer.snoozes < limits.MOST_SNOOZES
        ),
        "end-snooze": lambda: alert.snooze is not None,
        "assign": lambda: is_open,
        "take": lambda: is_open,
        "resolve": lambda: is_open,
        "reopen": lambda: (
            alert.resolved_at is not None
            and alert.outcome_code is not OutcomeCode.SUPERSEDED
            and at - alert.resolved_at <= limits.REOPEN_WITHIN
        ),
        "comments": lambda: True,
        "links": lambda: len(alert.links) < limits.MOST_LINKS,
    }
    return tuple(name for name, is_allowed in tests.items() if is_allowed())


def _acknowledged(alert: Alert, *, actor: str, at: datetime) -> Alert:
    return replace(
        _touched(alert),
        status=AlertStatus.ACKNOWLEDGED,
        acknowledged_at=at,
        acknowledged_by=actor,
        timer=timers.acknowledged(alert, at=at),
    )


def _open_again(alert: Alert, deadlines: Deadlines, *, at: datetime) -> Alert:
    return replace(
        alert,
        status=AlertStatus.OPEN,
        deadlines=deadlines,
        resolved_at=None,
        outcome_code=None,
        is_ignored=False,
        acknowledged_at=None,
        acknowledged_by=None,
        snooze=None,
        timer=timers.begun(at, number=alert.timer.round + 1),
    )


def _touched(alert: Alert) -> Alert:
    """Returns the alert in the hands of a person: it no longer ends by itself."""
    return replace(alert, ends_by_itself=False)


def _change(
    kind: AlertEventKind,
    after: Alert,
    *,
    actor: str,
    at: datetime,
    why: str,
    details: Mapping[str, str | int | tuple[str, ...]] = MappingProxyType({}),
) -> AlertChange:
    version = after.version + 1
    after = replace(after, version=version, changed_version=version, updated_at=at)
    return AlertChange(kind=kind, alert=after, at=at, actor=actor, why=why, details=details)


def _remark(
    kind: AlertEventKind, alert: Alert, *, actor: str, at: datetime, why: str, **details: str
) -> AlertChange:
    """Returns a change after which nobody needs to read the alert again before the next step."""
    after = replace(_touched(alert), version=alert.version + 1, updated_at=at)
    return AlertChange(kind=kind, alert=after, at=at, actor=actor, why=why, details=details)


def _check_text(text: str, *, pointer: str) -> None:
    _check_note(text, pointer=pointer)
    if not text.strip():
        raise InvalidInput(f"{pointer[1:]} must not be blank; write what happened", pointer=pointer)


def _check_note(text: str, *, pointer: str) -> None:
    if len(text) > limits.NOTE_CHARACTERS:
        raise InvalidInput(
            f"{pointer[1:]} must have at most {limits.NOTE_CHARACTERS} characters, this one has "
            f"{len(text)}; shorten it",
            pointer=pointer,
        )
