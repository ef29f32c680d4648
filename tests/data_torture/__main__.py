"""Tortures the data: `python -m tests.data_torture --events 200000 [--seed N] [--closes N]`.

Each story has a seed of its own; what fails is printed by class, with the seed of its first story.
One JSON line at the end; 1 if a promise was broken.
"""

import argparse
import json
import multiprocessing
import sys
from collections import Counter
from functools import partial
from random import Random

from services.contracts.registry import EVENT_TYPES
from tests.data_torture import events
from tests.data_torture.play import Played, Story

EVENTS_A_STORY = 40
# Every so many stories one has many loans and lines, with as many events as ten.
CROWD_EVERY = 25
CROWD_EVENTS = 400
CROWD_TYPES = ("loan.booked.v1", "schedule.published.v1", "facility.balance-closed.v1")
CURRENCIES = ("EUR", "EUR", "JPY", "CLF", "KWD", "IDR")


def play_story(number: int, closes: int) -> Played:
    """Plays the story of a number: one event of each type, then any, with up to two edges each."""
    random = Random(number)
    if number % CROWD_EVERY == CROWD_EVERY - 1:
        return _play_crowd(random)
    currency = random.choice(CURRENCIES)
    types = random.sample(events.TYPES, k=len(events.TYPES))
    types += random.choices(events.TYPES, k=EVENTS_A_STORY)
    documents = [
        events.numbered(events.crossed(event_type, random, currency, most_edges=number % 3), index)
        for index, event_type in enumerate(types[:EVENTS_A_STORY])
    ]
    return Story().play(documents, closes, random).played


def _play_crowd(random: Random) -> Played:
    """Plays a borrower of many loans and lines, closed for a month."""
    currency = random.choice(CURRENCIES)
    names = ("borrower.registered.v1", *random.choices(CROWD_TYPES, k=CROWD_EVENTS - 1))
    types = [EVENT_TYPES[name] for name in names]
    documents = [
        events.numbered(
            events.crossed(event_type, random, currency, most_edges=1, names=events.CROWD), index
        )
        for index, event_type in enumerate(types)
    ]
    return Story().play(documents, 30, random).played


def torture(first: int, stories: int, *, closes: int, processes: int = 1) -> dict[str, object]:
    """Plays some stories, and returns the figures of all together."""
    counts, classes, seeds = Counter[str](), Counter[str](), dict[str, int]()
    slowest, state_bytes = (0.0, ""), 0
    numbers = range(first, first + stories)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        plays = pool.imap(partial(play_story, closes=closes), numbers)
        for number, played in zip(numbers, plays, strict=True):
            counts.update(played.counts)
            slowest = max(slowest, played.slowest)
            state_bytes = max(state_bytes, played.state_bytes)
            if played.failure:
                classes[played.failure] += 1
                if seeds.setdefault(played.failure, number) == number:
                    print(
                        f"story {number}: {played.failure}\n  {json.dumps(played.document)[:600]}"
                    )
    return {
        "offered": counts["accepted"] + counts["refused"],
        **counts,
        "broken": sum(classes.values()),
        "classes": len(classes),
        "slowest_fold_ms": round(slowest[0] * 1000, 1),
        "slowest": slowest[1],
        "largest_state_bytes": state_bytes,
    }


def main() -> int:
    """Plays what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.data_torture")
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="the first story")
    parser.add_argument("--closes", type=int, default=400, help="quiet days after a story's events")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    stories = -(-asked.events // EVENTS_A_STORY)
    figures = torture(asked.seed, stories, closes=asked.closes, processes=asked.processes)
    print(json.dumps(figures))
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
