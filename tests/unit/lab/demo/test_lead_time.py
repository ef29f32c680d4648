"""Lead times, by hand."""

from lab.demo.lead_time import OpenedAlert, measure
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome

FAILED = BorrowerOutcome("B1", 300, "slow_drain", distress=100)
SUDDEN = BorrowerOutcome("B2", 200, "sudden_default", distress=200)
HEALED = BorrowerOutcome("B3", None, "recovery", distress=100)
SOUND = BorrowerOutcome("B4", None, "healthy")


def test_the_lead_runs_from_the_first_alert_in_time_to_the_event() -> None:
    found = measure([FAILED], {"B1": [OpenedAlert(210, "WATCH"), OpenedAlert(180, "ATTENTION")]})
    assert found.leads_days == {"B1": 120}
    assert (found.failed, found.warned, found.median_days) == (1, 1, 120)


def test_an_alert_on_the_day_of_the_event_is_too_late() -> None:
    found = measure([FAILED], {"B1": [OpenedAlert(300, "DEFAULT")]})
    assert (found.warned, found.missed) == (0, [FAILED])


def test_an_alert_before_the_distress_began_catches_nobody() -> None:
    assert measure([FAILED], {"B1": [OpenedAlert(99, "WATCH")]}).warned == 0


def test_nobody_can_be_early_for_a_sudden_default() -> None:
    assert measure([SUDDEN], {"B2": [OpenedAlert(200, "WATCH")]}).missed == [SUDDEN]


def test_distress_that_healed_is_neither_caught_nor_a_false_alarm() -> None:
    found = measure([HEALED], {"B3": [OpenedAlert(150, "HIGH_RISK")]})
    assert (found.failed, found.false_alarms, found.median_days) == (0, [], None)


def test_a_sound_borrower_on_watch_is_a_false_alarm_and_on_attention_is_not() -> None:
    assert measure([SOUND], {"B4": [OpenedAlert(150, "WATCH")]}).false_alarms == ["B4"]
    assert measure([SOUND], {"B4": [OpenedAlert(150, "ATTENTION")]}).false_alarms == []
