"""The events that every contender reads: about 260 bytes each, evenly over the borrowers."""

import json
import random
from collections.abc import Iterator


def events(count: int, *, borrowers: int, seed: int = 7) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value); every borrower appears once a round, in a new order each round."""
    dice = random.Random(seed)
    ids = [f"B{number:07d}" for number in range(borrowers)]
    balances = dict.fromkeys(ids, 100_000)
    number = 0
    while number < count:
        dice.shuffle(ids)
        for borrower in ids[: count - number]:
            credit = dice.random() < 0.48
            amount = dice.randrange(100, 60_000)
            balances[borrower] += amount if credit else -amount
            yield borrower.encode(), _event(number, borrower, credit, amount, balances[borrower])
            number += 1


def _event(number: int, borrower: str, credit: bool, amount: int, balance: int) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number:09d}",
            "source": "bench/core",
            "type": "account.transacted.v1",
            "subject": borrower,
            "time": "2026-01-05T08:00:00Z",
            "data": {
                "account_id": "A" + borrower[1:],
                "direction": "CREDIT" if credit else "DEBIT",
                "amount": _decimal(amount),
                "currency": "EUR",
                "balance_after": _decimal(balance),
            },
        },
        separators=(",", ":"),
    ).encode()


def _decimal(minor: int) -> str:
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d}"
