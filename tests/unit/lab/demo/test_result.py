"""When the demo may say that everything adds up."""

from dataclasses import replace

import pytest

from lab.demo.alerts_client import PendingDeliveries
from lab.demo.figures import InputCounts
from lab.demo.lead_time import LeadTimes
from lab.demo.mailbox import InboxCounts
from lab.demo.office import OfficeCounts
from lab.demo.result import DemoResult
from lab.simulator.delivery import SentCounts

GOOD = DemoResult(
    sent=SentCounts(offered=100, repeated=3, broken=2, account_unknown=4),
    days=10,
    counts=InputCounts(applied=105, duplicates=3, quarantined=2, released=4),
    states={"DEFAULT": 1, "NORMAL": 9},
    alerts=2,
    office=OfficeCounts(
        steps={"acknowledged": 2, "reminded": 3, "escalated": 1},
        reminded={"ana": 3},
        escalated={"sam": 1},
    ),
    inbox=InboxCounts(attempts=9, accepted=6, repeats=1, refused=3, forged=0),
    mails={"ana": 4, "wei": 1},
    pending=PendingDeliveries(due=0, waiting=2),
    lead_times=LeadTimes(
        failed=1, leads_days={"B1": 90}, missed=[], false_alarms=["B2"], healthy=8
    ),
    differences=(),
    elapsed_s=61.23,
)


def test_what_adds_up_is_without_complaint() -> None:
    assert GOOD.problems() == []
    assert GOOD.as_json() == {
        "offered": 110,
        "applied": 105,
        "duplicates": 3,
        "quarantined": 2,
        "borrowers": 10,
        "states": {"NORMAL": 9, "DEFAULT": 1},
        "alerts": 2,
        "acknowledged": 2,
        "reminded": 3,
        "escalated": 1,
        "resolved": 0,
        "webhooks_delivered": 6,
        "webhook_retries": 3,
        "mails_delivered": 5,
        "mails_waiting": 2,
        "distressed_labelled": 1,
        "distressed_warned": 1,
        "median_lead_days": 90,
        "false_alarms": 1,
        "verified": True,
        "elapsed_s": 61.2,
    }


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (
            replace(GOOD, counts=replace(GOOD.counts, applied=104)),
            "110 inputs were offered",
        ),
        (
            replace(GOOD, counts=replace(GOOD.counts, applied=106, duplicates=2)),
            "3 records were sent twice, 2 were counted",
        ),
        (
            replace(GOOD, counts=replace(GOOD.counts, applied=104, quarantined=3)),
            "2 records were broken, 3 are quarantined",
        ),
        (
            replace(GOOD, counts=replace(GOOD.counts, released=3)),
            "at least 4 records waited for their account, 3 were released",
        ),
        (replace(GOOD, differences=("B7: another state",)), "not verified: B7: another state"),
        (replace(GOOD, pending=PendingDeliveries(due=1, waiting=0)), "1 messages are still"),
        (replace(GOOD, inbox=replace(GOOD.inbox, forged=1)), "1 webhooks had no valid signature"),
        (replace(GOOD, inbox=InboxCounts()), "no webhook arrived"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_add_up_is_said(bad: DemoResult, words: str) -> None:
    assert any(words in complaint for complaint in bad.problems())
