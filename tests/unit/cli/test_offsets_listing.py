"""`tocsin offsets show` in a terminal of 80 columns."""

import io
from typing import Any

import pytest
from rich.console import Console

from services.cli.offsets.listing import listing
from services.cli.offsets.status import BrokerPartition, Match, StoredProgress, status_of

OWNER = "tocsin-scoring-7d9f8b6c5-x2x4z-01a22d45-93d7-7534"


def row(**changes: Any) -> StoredProgress:
    fields = {
        "consumer": "scoring",
        "topic": "tocsin.events",
        "partition": 0,
        "partition_count": 8,
        "generation": 1,
        "epoch": 1_204,
        "owner": OWNER,
        "next_offset": 123_456_789,
        "last_digest": b"d",
        "records": 0,
        "stop_reason": None,
        "stop_detail": None,
        "stopped_at": None,
        "excused": 0,
    }
    return StoredProgress(**(fields | changes))


BROKER = BrokerPartition(
    partition_count=8,
    start=100_000_000,
    end=123_456_789,
    match=Match.SAME,
    committed=123_456_789,
    members=2,
)


@pytest.fixture
def shown() -> str:
    output = io.StringIO()
    statuses = [
        status_of(row(), BROKER),
        status_of(row(partition=1, next_offset=99), BROKER),
        status_of(row(consumer="alerts", topic="tocsin.risk", owner=""), BROKER),
    ]
    Console(file=output, width=80, no_color=True).print(listing(statuses))
    return output.getvalue()


def test_no_number_is_cut_or_broken(shown: str) -> None:
    assert "…" not in shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "0 123456789 1204 100000000-123456789 0 match everything is applied" in shown_line(
        lines, "0 "
    )
    assert "1 99 1204 100000000-123456789 123456690 match stopped" in lines


def shown_line(lines: list[str], begin: str) -> str:
    return next(line for line in lines if line.startswith(begin))


def test_names_stand_once_and_a_stop_has_its_reason_and_its_entry(shown: str) -> None:
    assert shown.count("scoring of tocsin.events") == 1
    assert shown.count("alerts of tocsin.risk") == 1
    assert f"owner of 0, 1: {OWNER}" in shown
    text = " ".join(shown.split())
    assert "stopped partition 1: offset_out_of_range: the log begins" in text
    assert "runbook.md#partition-stopped-offset-out-of-range" in text
