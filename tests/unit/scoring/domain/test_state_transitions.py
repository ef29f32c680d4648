"""The state machine as one table: each pair of states is an arrow or a refusal, by name.

An arrow is shown by a story (or, where a story takes years, by the unit test that is named) that
ends with the rule that made it. A refusal is shown by what is tried and does not happen. What each
single condition of a rule admits or excludes is in `test_states` and `test_decisions`.
"""

from collections.abc import Callable
from itertools import permutations

import pytest

from services.scoring.domain.borrower.risk import STATE_NAMES
from tests.fakes.story import Story
from tests.fakes.units import day, iso

MONTHLY = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-15", 100.0) for month in range(36)]


def lent() -> Story:
    """A borrower with one loan of 36 monthly instalments of 100 from 15 January 2024 on."""
    story = Story("RETAIL", start="2024-01-05")
    story.loan(3_600)
    story.schedule(*MONTHLY)
    return story


def paying(story: Story, until: str) -> Story:
    """Pay each instalment on its day until the date, and close the days before it."""
    for due in list(story.borrower.loans[0].due_days):
        if story.today <= due < day(until):
            story.on(iso(due))
            story.pays(100)
    story.on(until)
    return story


# Each state, entered.
def normal() -> Story:
    return paying(lent(), "2024-02-01")


def attention() -> Story:
    story = normal()
    story.finding("MEDIUM")
    story.finding("MEDIUM", settled=True)
    return paying(story, "2024-02-03")


def watch() -> Story:
    story = normal()
    story.decide("TIGHTEN", state="WATCH", until="2024-02-02")
    return paying(story, "2024-02-03")


def high_risk() -> Story:
    story = normal()
    story.decide("TIGHTEN", state="HIGH_RISK", until="2024-02-02")
    return paying(story, "2024-02-03")


def default() -> Story:
    story = normal()
    story.decide("UTP", trigger="NON_ACCRUAL", name="o-utp")
    return paying(story, "2024-02-03")


def probation() -> Story:
    story = default()
    story.decide("LIFT_UTP", name="o-lift")
    story.close()
    return story


def closed() -> Story:
    story = normal()
    story.ends()
    story.close()
    return story


ENTERED: dict[str, Callable[[], Story]] = {
    "NORMAL": normal,
    "ATTENTION": attention,
    "WATCH": watch,
    "HIGH_RISK": high_risk,
    "PROBATION": probation,
    "DEFAULT": default,
    "CLOSED": closed,
}

Act = Callable[[Story], object]


def tightened(state: str) -> Act:
    """Two people tighten to a state."""
    return lambda story: story.decide("TIGHTEN", state=state, until="2024-12-01", name="o-t")


def relaxed(state: str, after: str = "2024-04-20", *, is_assessed: bool = False) -> Act:
    """The days until a date pass calmly, then two people relax to a state."""

    def act(story: Story) -> None:
        paying(story, after)
        if is_assessed:
            story.inspection("SATISFACTORY")
        story.decide("RELAX", state=state, until="2025-01-01", name="o-r")
        story.close()

    return act


def unlikely_to_pay(story: Story) -> None:
    story.decide("UTP", trigger="BANKRUPTCY", name="o-again")


def insolvent(story: Story) -> None:
    story.report("INSOLVENCY")


def calm(story: Story) -> None:
    """Fifty days in which everything is paid when due, and nobody decides."""
    paying(story, iso(story.today + 50))


def utp_lifted(story: Story) -> None:
    story.decide("LIFT_UTP", name="o-lift")
    story.close()


def all_ended(story: Story) -> None:
    story.ends()
    story.close()


def lent_again(story: Story) -> None:
    story.loan(500, loan_id="l-9")


def lent_again_with_arrears(story: Story) -> None:
    """A new loan whose first instalment was due five days ago."""
    story.loan(500, loan_id="l-9")
    story.schedule((iso(story.today - 5), 500.0), loan_id="l-9")


ARROWS: list[tuple[str, str, Act, str]] = [
    ("NORMAL", "ATTENTION", tightened("ATTENTION"), "decision:o-t"),
    ("NORMAL", "WATCH", tightened("WATCH"), "decision:o-t"),
    ("NORMAL", "HIGH_RISK", tightened("HIGH_RISK"), "decision:o-t"),
    ("NORMAL", "DEFAULT", unlikely_to_pay, "default-unlikely-to-pay"),
    ("NORMAL", "CLOSED", all_ended, "closed-all-loans-ended"),
    ("ATTENTION", "NORMAL", calm, "attention-to-normal"),
    ("ATTENTION", "WATCH", tightened("WATCH"), "decision:o-t"),
    ("ATTENTION", "HIGH_RISK", tightened("HIGH_RISK"), "decision:o-t"),
    ("ATTENTION", "DEFAULT", insolvent, "default-insolvency"),
    ("ATTENTION", "CLOSED", all_ended, "closed-all-loans-ended"),
    ("WATCH", "ATTENTION", relaxed("ATTENTION"), "watch-to-attention"),
    ("WATCH", "HIGH_RISK", tightened("HIGH_RISK"), "decision:o-t"),
    ("WATCH", "DEFAULT", unlikely_to_pay, "default-unlikely-to-pay"),
    ("WATCH", "CLOSED", all_ended, "closed-all-loans-ended"),
    ("HIGH_RISK", "WATCH", relaxed("WATCH"), "high-risk-to-watch"),
    ("HIGH_RISK", "DEFAULT", unlikely_to_pay, "default-unlikely-to-pay"),
    ("HIGH_RISK", "CLOSED", all_ended, "closed-all-loans-ended"),
    ("DEFAULT", "PROBATION", utp_lifted, "default-to-probation"),
    ("DEFAULT", "CLOSED", all_ended, "closed-all-loans-ended"),
    (
        "PROBATION",
        "WATCH",
        relaxed("WATCH", after="2024-05-20", is_assessed=True),
        "probation-to-watch",
    ),
    ("PROBATION", "DEFAULT", unlikely_to_pay, "default-unlikely-to-pay"),
    ("PROBATION", "CLOSED", all_ended, "closed-all-loans-ended"),
    ("CLOSED", "NORMAL", lent_again, "reopened-lent-again"),
]
# Everything else, with what is tried and why it does not happen.
REFUSED: list[tuple[str, str, Act, str]] = [
    ("NORMAL", "PROBATION", tightened("PROBATION"), "only DEFAULT leads into probation"),
    ("ATTENTION", "PROBATION", tightened("PROBATION"), "only DEFAULT leads into probation"),
    ("WATCH", "NORMAL", relaxed("NORMAL"), "one step at a time"),
    ("WATCH", "PROBATION", tightened("PROBATION"), "only DEFAULT leads into probation"),
    ("HIGH_RISK", "NORMAL", relaxed("NORMAL"), "one step at a time"),
    ("HIGH_RISK", "ATTENTION", relaxed("ATTENTION"), "one step at a time"),
    ("HIGH_RISK", "PROBATION", tightened("PROBATION"), "only DEFAULT leads into probation"),
    ("DEFAULT", "NORMAL", relaxed("NORMAL"), "left through probation only"),
    ("DEFAULT", "ATTENTION", relaxed("ATTENTION"), "left through probation only"),
    ("DEFAULT", "WATCH", relaxed("WATCH"), "left through probation only"),
    ("DEFAULT", "HIGH_RISK", relaxed("HIGH_RISK"), "left through probation only"),
    ("PROBATION", "NORMAL", relaxed("NORMAL"), "leads to watch only"),
    ("PROBATION", "ATTENTION", relaxed("ATTENTION"), "leads to watch only"),
    ("PROBATION", "HIGH_RISK", tightened("HIGH_RISK"), "upwards only DEFAULT is entered"),
    ("CLOSED", "ATTENTION", tightened("ATTENTION"), "closed until it is lent to again"),
    ("CLOSED", "WATCH", tightened("WATCH"), "closed until it is lent to again"),
    ("CLOSED", "HIGH_RISK", tightened("HIGH_RISK"), "closed until it is lent to again"),
    ("CLOSED", "PROBATION", tightened("PROBATION"), "closed until it is lent to again"),
    ("CLOSED", "DEFAULT", unlikely_to_pay, "closed until it is lent to again"),
]


def test_every_pair_of_states_is_an_arrow_or_a_refusal() -> None:
    named = [(before, after) for before, after, _, _ in [*ARROWS, *REFUSED]]
    pairs = list(permutations(STATE_NAMES, 2))
    assert sorted(named) == sorted(pairs)


@pytest.mark.parametrize(
    ("before", "after", "act", "rule_id"),
    ARROWS,
    ids=[f"{before} to {after}: {rule_id}" for before, after, _, rule_id in ARROWS],
)
def test_each_arrow_is_taken_and_recorded(before: str, after: str, act: Act, rule_id: str) -> None:
    story = ENTERED[before]()
    assert story.state == before
    act(story)
    assert story.state == after
    record = next(
        assessment.transition for assessment in reversed(story.assessments) if assessment.transition
    )
    assert (record.before, record.after) == (before, after)
    assert rule_id in record.rule_ids
    assert record.actor
    assert record.reason
    assert record.correlation_id


@pytest.mark.parametrize(
    ("before", "after", "act", "why"),
    REFUSED,
    ids=[f"{before} to {after}: {why}" for before, after, _, why in REFUSED],
)
def test_each_other_arrow_is_refused(before: str, after: str, act: Act, why: str) -> None:
    story = ENTERED[before]()
    assert story.state == before
    act(story)
    assert story.state != after
    made = [assessment.transition for assessment in story.assessments if assessment.transition]
    assert (before, after) not in [(transition.before, transition.after) for transition in made]
    assert why


def test_a_closed_borrower_that_is_lent_to_again_is_judged_at_once() -> None:
    story = closed()
    lent_again_with_arrears(story)
    story.close()
    assert story.state == "ATTENTION"
