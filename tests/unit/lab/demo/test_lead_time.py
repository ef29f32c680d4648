"""Lead times, by hand."""

from lab.demo.lead_time import Warning, measure
from lab.simulator.borrower import Label

FAILED = Label("B1", "slow_drain", distress_start=100, event_date=300)
SUDDEN = Label("B2", "sudden_default", distress_start=200, event_date=200)
HEALED = Label("B3", "recovery", distress_start=100, event_date=None)
SOUND = Label("B4", "healthy", distress_start=None, event_date=None)


def test_the_lead_runs_from_the_first_alert_in_time_to_the_event() -> None:
    found = measure([FAILED], {"B1": [Warning(210, "WATCH"), Warning(180, "ATTENTION")]})
    assert found.leads_days == {"B1": 120}
    assert (found.labelled, found.warned, found.median_days) == (1, 1, 120)


def test_an_alert_on_the_day_of_the_event_is_too_late() -> None:
    found = measure([FAILED], {"B1": [Warning(300, "DEFAULT")]})
    assert (found.warned, found.missed) == (0, [FAILED])


def test_an_alert_before_the_distress_began_catches_nobody() -> None:
    assert measure([FAILED], {"B1": [Warning(99, "WATCH")]}).warned == 0


def test_nobody_can_be_early_for_a_sudden_default() -> None:
    assert measure([SUDDEN], {"B2": [Warning(200, "WATCH")]}).missed == [SUDDEN]


def test_distress_that_healed_is_neither_caught_nor_a_false_alarm() -> None:
    found = measure([HEALED], {"B3": [Warning(150, "HIGH_RISK")]})
    assert (found.labelled, found.false_alarms, found.median_days) == (0, [], None)


def test_a_sound_borrower_on_watch_is_a_false_alarm_and_on_attention_is_not() -> None:
    assert measure([SOUND], {"B4": [Warning(150, "WATCH")]}).false_alarms == ["B4"]
    assert measure([SOUND], {"B4": [Warning(150, "ATTENTION")]}).false_alarms == []
