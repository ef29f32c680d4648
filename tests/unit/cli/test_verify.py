"""The verdict of `tocsin verify`: a difference, work that is under way, or neither."""

import pytest

from services.cli.verify.commands import EXIT_STATUS, counted
from services.cli.verify.due_events import DueEvent, DueEvents, NumberOrder
from services.cli.verify.findings import VerifyFindings, VerifyVerdict


@pytest.mark.parametrize(
    ("mismatches", "waiting", "verdict", "status"),
    [
        (0, 0, VerifyVerdict.VERIFIED, 0),
        (0, 7, VerifyVerdict.UNDER_WAY, 3),
        (1, 0, VerifyVerdict.NOT_VERIFIED, 1),
        (1, 7, VerifyVerdict.NOT_VERIFIED, 1),
    ],
)
def test_work_under_way_is_neither_verified_nor_not(
    mismatches: int, waiting: int, verdict: VerifyVerdict, status: int
) -> None:
    findings = VerifyFindings(mismatches=mismatches, waiting=waiting)
    assert findings.verdict is verdict
    assert EXIT_STATUS[findings.verdict] == status
    assert findings.as_json()["verdict"] == verdict.value
    assert findings.verified is (status == 0)


def test_a_stopped_partition_is_not_verified_whatever_else_is_under_way() -> None:
    findings = VerifyFindings(waiting=7, stopped=["partition 3 is stopped: topic_recreated"])
    assert EXIT_STATUS[findings.verdict] == 1
    assert (findings.as_json()["stopped"], findings.mismatches) == (1, 0)
    assert findings.obstacles == ["partition 3 is stopped: topic_recreated"]


def test_work_under_way_is_listed_and_is_no_difference() -> None:
    findings = VerifyFindings()
    findings.waits("risk events not relayed yet", 1_200)
    assert (findings.differences, findings.mismatches) == ([], 0)
    assert findings.obstacles == ["risk events not relayed yet: 1,200"]


def published(*sequences: int) -> DueEvents:
    """Returns events of which 1 and 2 are due, and these were written."""
    events = DueEvents("{0}: risk event {1}", "was never sent")
    events.expect(
        [
            DueEvent(offset=number, from_close=False, key=("b", number), digest=b"d")
            for number in (1, 2)
        ],
        -1,
    )
    events.actual = {("b", number): b"d" for number in sequences}
    return events


def test_what_was_written_after_the_snapshot_is_no_difference() -> None:
    findings = VerifyFindings()
    published(1, 2, 3, 4).compare(findings, may_lag=True, may_lead=True)
    assert findings.verdict is VerifyVerdict.VERIFIED


def test_on_a_quiet_system_nothing_may_lead() -> None:
    findings = VerifyFindings()
    published(1, 2, 3).compare(findings, may_lag=True, may_lead=False)
    assert findings.differences == ["b: risk event 3 has no cause in any ledger"]


def test_what_is_missing_below_the_snapshot_is_a_difference_while_others_are_written() -> None:
    findings = VerifyFindings()
    published(2, 3).compare(findings, may_lag=True, may_lead=True)
    assert findings.differences == ["b: risk event 1 was never sent"]


@pytest.mark.parametrize(
    ("numbers", "differences"),
    [
        ((1, 2, 3, 2, 3), []),
        # 2 was lost and is sent again with what follows it.
        ((1, 3, 4, 2, 3, 4), []),
        ((1, 3), ["b: no risk event 2 comes after 1"]),
        ((1, 3, 2), ["b: no risk event 3 comes after 2"]),
        ((5, 6), ["b: no risk event 1 comes after 0"]),
    ],
)
def test_each_number_follows_the_one_before_it_first_or_when_it_is_resent(
    numbers: tuple[int, ...], differences: list[str]
) -> None:
    order, findings = NumberOrder(), VerifyFindings()
    for number in numbers:
        order.take("b", number)
    order.compare(findings)
    assert findings.differences == differences


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 borrowers"), (1, "1 borrower"), (2_000, "2,000 borrowers")]
)
def test_a_number_agrees_with_its_noun(amount: int, text: str) -> None:
    assert counted(amount, "borrower") == text
