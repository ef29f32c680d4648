"""A year of the office: borrowers get worse and better, people act, are absent or do nothing.

The draws are random and the promises are not: after an acknowledgement nobody hears of the deadline
to acknowledge, each level is notified once a round, nothing is sent outside working time, about a
closed or snoozed alert or to somebody absent, and no alert waits without a timer.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.timers import LEVELS
from services.alerts.directory.domain.member import Absence
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    Level,
    OutcomeCode,
    RiskState,
)
from tests.fakes.assessments import MONDAY, contributor
from tests.fakes.office import POLICY, acknowledged, assessed, resolved
from tests.fakes.people import BERLIN, bank
from tests.scenarios.test_life_cycle import HandlingOffice, reopened, snoozed, started, woken

DAYS, BORROWERS = 365, 12
CAUSES = (
    contributor("A-03", Level.AMBER, 10.0),
    contributor("A-09", Level.AMBER, 8.0),
    contributor("R-01", Level.RED, 30.0),
    contributor("F-05", Level.RED, 20.0),
    contributor("R-02", Level.HARD, 40.0),
)
STATES = (RiskState.NORMAL, RiskState.ATTENTION, RiskState.WATCH, RiskState.HIGH_RISK)
BY_TIMER = frozenset({AlertEventKind.REMINDED, AlertEventKind.ESCALATED})


@dataclass(slots=True)
class WatchedOffice(HandlingOffice):
    """An office that checks every notice when it is sent."""

    levels: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    kinds: Counter[AlertEventKind] = field(default_factory=Counter)

    def _write_down(self, change: AlertChange, recipients: Any) -> None:
        self.kinds[change.kind] += 1
        if change.kind in BY_TIMER:
            self._check(change)
        HandlingOffice._write_down(self, change, recipients)

    def _check(self, change: AlertChange) -> None:
        alert, details = change.alert, change.details
        assert alert.is_open
        assert alert.snooze is None
        local = self.now.astimezone(BERLIN.timezone)
        assert BERLIN.is_working_day(local.date())
        assert BERLIN.opens <= local.time() <= BERLIN.closes, change
        is_waiting = alert.status is AlertStatus.OPEN
        assert change.why.startswith("not acknowledged" if is_waiting else "not resolved")
        recipients, steps = details["recipients"], details["steps"]
        assert recipients
        for name in recipients:
            assert self.organisation.members[name].is_present(local.date()), name
        for step in steps:
            # Acknowledged, the same levels run once more, against the deadline to act.
            key = (alert.alert_id, alert.timer.round, f"{step} {is_waiting}")
            self.levels[key] += 1
            assert self.levels[key] == 1, key


def build(random: Random) -> WatchedOffice:
    members = bank().members
    absent = []
    for name in ("ana", "ben", "sam"):
        begins = date(2026, 3, 2) + timedelta(days=random.randrange(DAYS - 30))
        absence = Absence(begins=begins, ends=begins + timedelta(days=random.randrange(20)))
        absent.append(replace(members[name], absences=(absence,)))
    organisation = bank(*absent)
    return WatchedOffice(
        organisation=organisation, policy=replace(POLICY, organisation=organisation)
    )


def act(office: WatchedOffice, random: Random, day: float) -> None:
    """Let something happen to a borrower: an assessment, or a step that a person tries."""
    borrower = f"b-{random.randrange(BORROWERS)}"
    if borrower not in office.borrowers or random.random() < 0.45:
        causes = random.sample(CAUSES, random.randrange(4))
        state = random.choice(STATES)
        assessed(day, state, *causes, borrower=borrower, officer_id="o-ana")(office)
        return
    alert = office.borrowers[borrower].open_alert
    if alert is not None:
        office.known[borrower] = alert
    if borrower not in office.known:
        return
    step = random.choice(("acknowledge", "start", "snooze", "wake", "resolve", "reopen"))
    office.advance(MONDAY + timedelta(days=day))
    taken = {
        "acknowledge": lambda: acknowledged(day, by="ana", borrower=borrower),
        "start": lambda: started(day, borrower=borrower),
        "snooze": lambda: snoozed(day, day + random.randrange(1, 14), borrower=borrower),
        "wake": lambda: woken(day, borrower=borrower),
        "resolve": lambda: resolved(day, OutcomeCode.MITIGATED, by="ana", borrower=borrower),
        "reopen": lambda: reopened(day, borrower=borrower),
    }[step]()
    # A snooze may be longer than the severity allows.
    with suppress(InvalidInput):
        taken(office)


@pytest.mark.parametrize("seed", range(8))
def test_a_year_keeps_every_promise(seed: int) -> None:
    random = Random(seed)
    office = build(random)
    day = 0.0
    while day < DAYS:
        act(office, random, day)
        day += random.expovariate(1.5)
        for known in office.borrowers.values():
            alert = known.open_alert
            if alert is not None and alert.timer.level < len(LEVELS):
                assert alert.timer.due_at is not None
    # A year in which nothing happened would prove nothing.
    assert min(office.kinds[kind] for kind in BY_TIMER) > 20
    assert office.kinds[AlertEventKind.OPENED] > 50
    assert office.kinds[AlertEventKind.REARMED] > 1
