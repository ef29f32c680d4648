"""Plays one history in every way and lists what broke."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from random import Random

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold
from tests.fakes.story import Story
from tests.histories.arrival import arrive
from tests.histories.happenings import Drawn, happened, lived, rules
from tests.histories.same import differences, record_differences
from tests.histories.worker import Worker

# Days behind the borrower when the history begins.
AGES = (45, 45, 45, 45, 45, 45, 45, 150)
STRETCHES = (1, 1, 1, 3)


@dataclass
class Played:
    """What came of one history."""

    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class Folded:
    """A borrower after a log, its assessments, and corrections that were not marked as such."""

    borrower: Borrower
    assessments: list[Assessment]
    failures: list[str]


def play(drawn: list[Drawn], seed: int) -> Played:
    """Play a history: in good order, in disorder, and in disorder through the write side."""
    chance, played = Random(seed), Played()
    story, base = _base(chance.choice(AGES))
    stretch = chance.choice(STRETCHES)
    things = happened(drawn, story, stretch)
    arrived = arrive(things, story.today, stretch, chance)
    orderly = _folded(base, arrived.orderly)
    disordered = _folded(base, arrived.disordered)
    worker = Worker(deepcopy(arrived.disordered), base, rules())
    repeats = worker.work(chance)
    failures = played.failures
    stored = encode(disordered.borrower)
    if worker.stored != stored:
        failures.append("batches, repeats and restarts changed the stored bytes")
    if worker.assessments != disordered.assessments:
        failures.append("batches, repeats and restarts changed the assessments")
    failures += orderly.failures + disordered.failures
    failures += differences(orderly.borrower, disordered.borrower)
    differing = record_differences(orderly.borrower, disordered.borrower)
    if (differing or encode(orderly.borrower) != stored) and not arrived.is_disturbed:
        failures.append("the same log gave other bytes")
    played.counts.update(
        {
            "histories": 1,
            "events": len(arrived.disordered),
            "repeated events": repeats,
            "corrections": sum(assessment.corrected for assessment in disordered.assessments),
            "came in good order": not arrived.is_disturbed,
            "same bytes": not differing,
            **{f"another record: {name}": True for name in differing},
        }
    )
    return played


@cache
def _base(days: int) -> tuple[Story, bytes]:
    story = lived(days)
    return story, encode(story.borrower)


def _folded(base: bytes, log: list[Event]) -> Folded:
    """Fold a log at once; a count of closed days that moves without a close is a correction."""
    folded = Folded(decode(base), [], [])
    in_force = rules()
    for event in deepcopy(log):
        counted = folded.borrower.counters.regulatory_days
        outcome = fold(folded.borrower, event, in_force)
        folded.borrower = outcome.borrower
        assessment = outcome.assessment
        if assessment is None:
            continue
        folded.assessments.append(assessment)
        moved = counted != folded.borrower.counters.regulatory_days
        if moved and not isinstance(event, DayClosed) and not assessment.corrected:
            folded.failures.append(f"{event.id} moved the count of closed days, uncorrected")
    sequences = [assessment.sequence for assessment in folded.assessments]
    if sequences and sequences != list(range(sequences[0], sequences[0] + len(sequences))):
        folded.failures.append("assessments are not consecutive")
    return folded
