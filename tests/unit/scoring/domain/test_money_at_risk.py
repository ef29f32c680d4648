"""How the bank may lose money on a borrower, and when that is news."""

from collections.abc import Callable

import pytest

from services.scoring.domain.assess.money_at_risk import money_at_risk
from services.scoring.domain.primitives.vocabulary import GUARANTEE, LOAN_TYPES
from tests.fakes.story import Story
from tests.fakes.units import day

OVERDRAFT = LOAN_TYPES.index("OVERDRAFT")


def kinds(story: Story) -> list[str]:
    return money_at_risk(story.borrower, story.today)


def customer() -> Story:
    return Story("SME", start="2024-01-01", rulebook="default")


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(lambda s: None, [], id="nothing"),
        pytest.param(lambda s: s.balance(500), [], id="a deposit"),
        pytest.param(lambda s: s.balance(-1), ["EXPOSURE"], id="an overdrawn account"),
        pytest.param(lambda s: s.loan(10_000), ["EXPOSURE"], id="a loan"),
        pytest.param(
            lambda s: s.loan(10_000, currency="USD"), ["EXPOSURE"], id="a loan without a rate"
        ),
        pytest.param(
            lambda s: s.loan(10_000, start_day=day("2024-02-01")),
            ["COMMITMENT"],
            id="a loan that begins later",
        ),
        pytest.param(lambda s: s.loan(0), ["UNKNOWN"], id="a loan of an unknown amount"),
        pytest.param(
            lambda s: s.loan(0, loan_type=GUARANTEE), ["GUARANTEE"], id="a guarantee issued"
        ),
        pytest.param(
            lambda s: s.loan(0, loan_type=OVERDRAFT, limit_minor=500_000),
            ["COMMITMENT"],
            id="a line never used",
        ),
        pytest.param(
            lambda s: s.loan(0, loan_type=OVERDRAFT, limit_minor=None),
            ["UNKNOWN"],
            id="a line of an unknown limit",
        ),
        pytest.param(lambda s: s.line(0, 5_000), ["COMMITMENT"], id="a line that is paid back"),
        pytest.param(lambda s: s.line(1, 5_000), ["EXPOSURE"], id="a line that is drawn"),
        pytest.param(lambda s: s.line(0, 0), [], id="a line that was cancelled"),
        pytest.param(lambda s: s.dependant("b-2"), ["GUARANTOR"], id="guarantor of another"),
        pytest.param(
            lambda s: s.dependant("b-2", "CONTROL"), ["CONTROL"], id="in control of another"
        ),
        pytest.param(lambda s: s.link("b-2", "CONTROL"), ["CONTROL"], id="under control"),
        pytest.param(lambda s: s.link("b-2", "DEPENDENCY"), [], id="sells to another"),
        pytest.param(
            lambda s: s.link("b-2", "JOINT_OBLIGATION"), ["JOINT_OBLIGATION"], id="a joint debtor"
        ),
    ],
)
def test_how_money_is_at_risk(life: Callable[[Story], object], expected: list[str]) -> None:
    story = customer()
    life(story)
    assert kinds(story) == expected


def test_a_loan_counts_until_it_is_repaid_and_a_claim_until_it_is_closed() -> None:
    repaid = customer()
    repaid.loan(1_000)
    repaid.schedule(("2024-01-31", 1_000))
    repaid.on("2024-01-20").pays(1_000)
    assert kinds(repaid) == []
    closed = customer()
    closed.loan(1_000)
    closed.ends("REPAID")
    assert kinds(closed) == []
    written_off = customer()
    written_off.loan(1_000)
    written_off.ends("WRITTEN_OFF")
    assert kinds(written_off) == ["EXPOSURE"]


def test_an_assessment_follows_when_money_comes_at_risk_outside_a_normal_state() -> None:
    story = customer()
    story.finding()
    story.on("2024-01-10")
    assert (story.state, story.latest.money_at_risk) == ("ATTENTION", [])
    story.loan(10_000)
    assert (story.latest.reasons, story.latest.money_at_risk) == (["MONEY_AT_RISK"], ["EXPOSURE"])
    emitted = len(story.assessments)
    story.line(1, 5_000)
    assert len(story.assessments) == emitted
