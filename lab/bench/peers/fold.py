"""The one light fold that every contender runs: five indicators over a borrower's account flow.

Integers only, so that Python and Java give the same answers. A contender must store `BorrowerFold`
durably per borrower and must write one result for every tenth event of a borrower.
The Java twin is `kafka-streams/src/main/java/tocsin/bench/Fold.java`.
"""

import json
import zlib
from dataclasses import dataclass

RESULT_EVERY = 10


@dataclass(slots=True)
class BorrowerFold:
    """What is remembered of a borrower; money in minor units."""

    events: int = 0
    credits: int = 0
    debits: int = 0
    debit_events: int = 0
    debit_run: int = 0
    balance_sum: int = 0
    lowest_balance: int = 0


def minor(amount: str) -> int:
    """Return an amount with exactly two decimals in minor units."""
    return int(amount[:-3] + amount[-2:])


def indicators(state: BorrowerFold, balance: int) -> tuple[int, int, int, int, int]:
    """Return outflow share, erosion, low water, debit frequency and debit run, in 1/1000."""
    flow = state.credits + state.debits
    outflow_share = state.debits * 1000 // flow if flow else 0
    erosion = balance * state.events * 1000 // state.balance_sum if state.balance_sum > 0 else 0
    low_water = 1000 if state.lowest_balance < 0 else 0
    frequency = state.debit_events * 1000 // state.events
    return outflow_share, erosion, low_water, frequency, min(state.debit_run, 10) * 100


def score(values: tuple[int, int, int, int, int]) -> int:
    """Return a score of 0 to 1000 from the five indicators."""
    outflow_share, erosion, low_water, frequency, run = values
    thin = max(0, 1000 - erosion)
    return (outflow_share * 3 + min(thin, 1000) * 3 + low_water + frequency + run * 2) // 10


def fold(state: BorrowerFold, event: dict) -> int:  # type: ignore[type-arg] # parsed JSON
    """Fold one event into `state` and return the score."""
    data = event["data"]
    amount, balance = minor(data["amount"]), minor(data["balance_after"])
    state.events += 1
    if data["direction"] == "CREDIT":
        state.credits += amount
        state.debit_run = 0
    else:
        state.debits += amount
        state.debit_events += 1
        state.debit_run += 1
    state.balance_sum += balance
    state.lowest_balance = min(state.lowest_balance, balance)
    return score(indicators(state, balance))


def result_is_due(borrower: str, events: int) -> bool:
    """Return whether this event of a borrower must give a result; spread evenly over the stream."""
    return (events + zlib.crc32(borrower.encode())) % RESULT_EVERY == 0


def result(borrower: str, events: int, points: int) -> bytes:
    """Return the result record's value."""
    return json.dumps(
        {"borrower": borrower, "events": events, "score": points}, separators=(",", ":")
    ).encode()
