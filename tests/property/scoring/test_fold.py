"""Properties of every history: same log, same bytes, however it was cut or read."""

from copy import deepcopy
from dataclasses import fields
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.arrears import counters
from services.scoring.domain.assess.evaluate import evaluate
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import Signals
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold
from services.scoring.domain.primitives import touched
from tests.fakes.story import EVERYTHING_ON, Story, context
from tests.property.scoring.histories import Life, grown_up, histories, lived

THOROUGH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def unremembering(borrower: Borrower) -> Borrower:
    """Return a copy of the facts alone, without views and stored bytes.

    Field by field, because a compiled view cannot be copied.
    """
    facts = {
        field.name: deepcopy(getattr(borrower, field.name))
        for field in fields(borrower)
        if field.compare
    }
    return Borrower(**facts, rates=borrower.rates)


def judged(signals: Signals) -> tuple[list[int], ...]:
    """Return everything of the signals but since when."""
    return (
        signals.status,
        signals.level,
        signals.detail,
        signals.value,
        signals.contribution,
        signals.baseline,
    )


@THOROUGH
@given(histories)
def test_touching_only_what_changed_gives_the_same_as_measuring_everything(
    steps: list[tuple[str, int, int]],
) -> None:
    story = lived(steps).story
    recomputed = unremembering(story.borrower)
    recomputed.signals = Signals()
    evaluate(recomputed, recomputed.counters.closed_day, story.rules, touched.EVERYTHING)
    assert judged(story.borrower.signals) == judged(recomputed.signals)


@THOROUGH
@given(histories)
def test_counting_day_by_day_gives_the_same_as_counting_back(
    steps: list[tuple[str, int, int]],
) -> None:
    story = lived(steps).story
    counted = story.borrower.counters.regulatory_days
    counters.recount(story.borrower, story.rules)
    assert story.borrower.counters.regulatory_days == counted


@THOROUGH
@given(histories, st.sets(st.integers(min_value=0, max_value=60), max_size=12))
def test_storing_in_the_middle_changes_no_byte(
    steps: list[tuple[str, int, int]], cuts: set[int]
) -> None:
    log = lived(steps).story.log[len(grown_up().log) :]
    straight, stored = grown_up().fork().borrower, grown_up().fork().borrower
    assessments: list[list[object]] = [[], []]
    for position, event in enumerate(log):
        for which, borrower in enumerate((straight, stored)):
            outcome = fold(borrower, deepcopy(event), context(EVERYTHING_ON))
            assessments[which].append(outcome.assessment)
        if position in cuts:
            stored = decode(encode(stored))
        if position % 3 == 0:
            assert encode(straight) == encode(unremembering(straight))
    assert encode(straight) == encode(stored)
    assert assessments[0] == assessments[1]


@THOROUGH
@given(histories)
def test_what_is_taken_back_never_was(steps: list[tuple[str, int, int]]) -> None:
    taken = [step for step in steps if step[0] in ("credit", "debit", "close")]
    life = lived(taken)
    for _ in range(len(life.flows)):
        life.live(("takes_back", 0, 0))
    silent = lived([step for step in taken if step[0] == "close"])
    mine, other = life.story.borrower.flows, silent.story.borrower.flows
    for name in ("operating_credits", "debits", "cash_debits", "related_net"):
        assert getattr(mine, name) == getattr(other, name)
    assert mine.operating_credit_months == other.operating_credit_months
    assert mine.debit_months == other.debit_months


@THOROUGH
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_events_inside_a_day_leaves_no_trace(
    steps: list[tuple[str, int, int]], shuffler: Random
) -> None:
    kinds = ("pays", "credit", "debit", "fails", "returned")
    ordered = lived([step for step in steps if step[0] in kinds]).story
    begun = len(grown_up().log)
    middle, close = ordered.log[begun:-1], ordered.log[-1]
    shuffler.shuffle(middle)
    shuffled, other = replay([*middle, close]), ordered.borrower
    assert shuffled.flows == other.flows
    assert judged(shuffled.signals) == judged(other.signals)
    assert shuffled.loans[0].paid_days == other.loans[0].paid_days
    assert shuffled.loans[0].paid_minor == other.loans[0].paid_minor


def replay(log: list[Event]) -> Borrower:
    """Return the grown-up borrower after the log."""
    borrower = grown_up().fork().borrower
    for event in log:
        fold(borrower, deepcopy(event), context(EVERYTHING_ON))
    return borrower


@THOROUGH
@given(st.integers(min_value=1, max_value=120), st.integers(min_value=600, max_value=9_000))
def test_more_days_past_due_never_lower_the_score(days: int, owed: int) -> None:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.schedule(("2024-01-01", owed))
    scores = []
    for _ in range(days):
        story.close()
        scores.append(story.borrower.risk.score)
    assert scores == sorted(scores)


def test_a_life_has_all_kinds_of_steps() -> None:
    life = Life()
    for kind in ("pays", "credit", "balance", "line", "close", "reverses", "takes_back"):
        life.live((kind, 3, 0))
    assert len(life.story.log) > 8
