"""Plays one history in every way and says what broke."""

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
    """A borrower after a log, what was said, and corrections that were not called so."""

    borrower: Borrower
    said: list[Assessment]
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
    if worker.said != disordered.said:
        failures.append("batches, repeats and restarts changed what was said")
    failures += orderly.failures + disordered.failures
    failures += differences(orderly.borrower, disordered.borrower)
    kept = record_differences(orderly.borrower, disordered.borrower)
    if (kept or encode(orderly.borrower) != stored) and not arrived.is_disturbed:
        failures.append("the same log gave other bytes")
    played.counts.update(
        {
            "histories": 1,
            "events": len(arrived.disordered),
            "repeated events": repeats,
            "corrections said": sum(one.corrected for one in disordered.said),
            "came in good order": not arrived.is_disturbed,
            "same bytes": not kept,
            **{f"another record: {name}": True for name in kept},
        }
    )
    return played


@cache
def _base(days: int) -> tuple[Story, bytes]:
    story = lived(days)
    return story, encode(story.borrower)


def _folded(base: bytes, log: list[Event]) -> Folded:
    """Fold a log at once; a count of closed days that moves without a close is a correction."""
    found = Folded(decode(base), [], [])
    in_force = rules()
    for event in deepcopy(log):
        counted = found.borrower.counters.regulatory_days
        outcome = fold(found.borrower, event, in_force)
        found.borrower = outcome.borrower
        said = outcome.assessment
        if said is None:
            continue
        found.said.append(said)
        moved = counted != found.borrower.counters.regulatory_days
        if moved and not isinstance(event, DayClosed) and not said.corrected:
            found.failures.append(f"{event.id} moved the count of closed days, uncorrected")
    sequences = [one.sequence for one in found.said]
    if sequences and sequences != list(range(sequences[0], sequences[0] + len(sequences))):
        found.failures.append("assessments are not consecutive")
    return found
