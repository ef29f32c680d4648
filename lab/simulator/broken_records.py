"""Draws records that no mapping can read, as real banks send them.

Each kind of fault comes in turn. Invariant: every record made here ends in quarantine for a reason
of its own, and none of them has the reference of a good record.
"""

from random import Random

import msgspec

from lab.simulator.days import Day
from lab.simulator.dialect import ACCOUNT_FLOWS_TOPIC, REPAYMENTS_TOPIC, STATEMENTS_TOPIC
from lab.simulator.events import Fields

A_TIME = 2


def draw(rng: Random, *, day: Day, number: int) -> list[tuple[str, bytes]]:
    """Return the next broken records with their topics."""
    ways = (
        _cut_off,
        _no_amount,
        _decimal_comma,
        _impossible_date,
        _unknown_code,
        _not_json,
        _does_not_balance,
        _unknown_kind,
    )
    return [
        ways[(number + index) % len(ways)](_payment(rng, day, number + index))
        for index in range(A_TIME)
    ]


def _payment(rng: Random, day: Day, number: int) -> Fields:
    local = f"{day.iso[8:10]}.{day.iso[5:7]}.{day.iso[:4]}"
    return {
        "evt": "PAY",
        "ref": f"broken-{number:04d}",
        "cust_no": "B00001",
        "contract_no": "B00001-L1",
        "amt": rng.randint(10_000, 90_000),
        "ccy": "EUR",
        "pay_kind": "DD",
        "val_dt": local,
        "book_dt": local,
        "book_tm": "21:15:00",
    }


def _encoded(words: Fields) -> tuple[str, bytes]:
    return REPAYMENTS_TOPIC, msgspec.json.encode(words)


def _cut_off(words: Fields) -> tuple[str, bytes]:
    topic, value = _encoded(words)
    return topic, value[: len(value) // 2]


def _not_json(words: Fields) -> tuple[str, bytes]:
    return ACCOUNT_FLOWS_TOPIC, b"REF;AMT;CCY\n" + str(words["ref"]).encode() + b";100;EUR"


def _no_amount(words: Fields) -> tuple[str, bytes]:
    return _encoded({name: value for name, value in words.items() if name != "amt"})


def _decimal_comma(words: Fields) -> tuple[str, bytes]:
    return _encoded({**words, "amt": "125,50"})


def _impossible_date(words: Fields) -> tuple[str, bytes]:
    return _encoded({**words, "val_dt": "31.02.2024"})


def _unknown_code(words: Fields) -> tuple[str, bytes]:
    return _encoded({**words, "pay_kind": "XX"})


def _unknown_kind(words: Fields) -> tuple[str, bytes]:
    return _encoded({**words, "evt": "ZZZ"})


def _does_not_balance(words: Fields) -> tuple[str, bytes]:
    statement: Fields = {
        "evt": "FIN",
        "ref": words["ref"],
        "cust_no": words["cust_no"],
        "stmt_no": f"{words['ref']}-FS",
        "per_end": "31.12.2023",
        "months": 12,
        "recv_dt": words["book_dt"],
        "book_dt": words["book_dt"],
        "book_tm": words["book_tm"],
        "ccy": "EUR",
        "unit": "E",
        "lines": [
            {"ln": "A100", "amt": 100_000_00},
            {"ln": "L050", "amt": 60_000_00},
            {"ln": "L070", "amt": 25_000_00},
        ],
    }
    return STATEMENTS_TOPIC, msgspec.json.encode(statement)
