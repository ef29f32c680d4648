"""What a sender writes costs time in proportion to its size, in every parser that reads it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
import yaml

from services.alerts.delivery.adapters.channels.http_poster import parse_retry_after
from services.alerts.delivery.domain.address_policy import AddressPolicy, check_url
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.paging import read_moment_cursor
from services.contracts.rejection import EventRejected
from services.contracts.strict_json import read_with_canonical
from services.contracts.validation import validate
from services.ingest.adapters.mapping.document import MappingDocument
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.application.inputs import Input, InputChannel
from services.ingest.domain import conversions
from services.ingest.domain.http_modes import cloud_event_of
from services.ingest.domain.media_types import json_type_of
from services.ingest.entrypoints.bodies import TooManyItems, inputs_of
from services.kit.access.keys import parse
from services.kit.http.auth import Principal
from services.kit.logs import without_secrets
from tests.fakes.ingest_in_memory import TIMEZONE, ingest_in_memory
from tests.fakes.wire_events import repayment, written

Parse = Callable[[int], Callable[[], Any]]
"""Returns the parsing of an input with about so many bytes."""

SMALL, GROWTH = 32_000, 8
# Eight times the input takes eight times as long, and 64 times if it is parsed in a square.
MOST_GROWTH = 24
# A shorter time is not measured well.
FLOOR_SECONDS = 0.002
CALLER = Principal(id="key-1", name="tests", roles=frozenset(), sources=("core/*",))
MAPPING = """
mapping: lists
version: 1
topic: raw.lists
source: core/lists
kind: evt
events:
  SCH:
    type: schedule.published.v1
    subject: cust
    time: at
    data:
      loan_id: loan
      schedule_version: {from: v, as: integer}
      currency: "lines[0].ccy"
      instalments:
        from: lines
        each:
          instalment_no: {from: n, as: integer}
          due_date: due
          due_principal:
            from: amount
            as: minor_units
            currency: "lines[?ccy].ccy | [0]"
          due_interest: {value: "0"}
          due_fees: {value: "0"}
"""


def refusing(parsing: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> None:
        with suppress(EventRejected, InvalidInput, TooManyItems):
            parsing()

    return run


def reading(text: str) -> Callable[[], Any]:
    raw = text.encode()
    return refusing(lambda: read_with_canonical(raw, max_bytes=len(raw)))


def members(size: int) -> str:
    return ",".join(f'"{number:07}":1' for number in range(size // 12))


def validating(document: dict[str, Any]) -> Callable[[], Any]:
    return refusing(lambda: validate(document))


def schedule(instalments: list[Any]) -> dict[str, Any]:
    data = {
        "loan_id": "L",
        "schedule_version": 1,
        "currency": "EUR",
        "published_date": "2026-01-01",
        "instalments": instalments,
    }
    return {**repayment(), "type": "schedule.published.v1", "data": data}


def body_of(content_type: str, body: bytes) -> Callable[[], Any]:
    headers = [("content-type", content_type)]
    return refusing(lambda: inputs_of(body, headers=headers, caller=CALLER, max_items=5_000))


def headers_of(count: int) -> list[tuple[str, str]]:
    names = [(f"ce-x{number:06}", "%41" * 10) for number in range(count)]
    return [("ce-specversion", "1.0"), *names]


def mapping(size: int) -> Callable[[], Any]:
    document = MappingDocument.model_validate(yaml.safe_load(MAPPING))
    mapper = Mapper(document, timezone=TIMEZONE)
    line = {"n": 1, "due": "2026-01-01", "ccy": "EUR", "amount": 1200}
    record = {"evt": "SCH", "cust": "B", "loan": "L", "v": 1, "lines": [line] * (size // 60)}
    return lambda: mapper.candidate(record, fallback_id="x")


def validating_input(raw: bytes) -> Callable[[], Any]:
    intake = ingest_in_memory().ingest.intake
    given = Input(channel=InputChannel.HTTP, raw=raw, sources=("core/*",), sender="key-1")
    return lambda: asyncio.run(intake.take([given]))


PARSERS: dict[str, Parse] = {
    "JSON, a key twice": lambda n: reading("{" + members(n) + ',"0000001":1}'),
    "JSON, a key twice in each object": lambda n: reading(
        "[" + ",".join(["{" + members(20_000) + "}"] * (n // 20_000)) + ',{"a":1,"a":1}]'
    ),
    "JSON, texts under a long key": lambda n: reading(
        '{"' + "k" * (n // 2) + '":["\\u0041"' + ",1" * (n // 4) + "]}"
    ),
    "JSON, levels": lambda n: reading("[" * n),
    "JSON, long keys at many levels": lambda n: reading(
        ('{"\\u0041' + "k" * 100 + '":') * (n // 110)
    ),
    "JSON, escapes": lambda n: reading('{"a":"' + "\\u0041" * (n // 6) + '"}'),
    "JSON, backslashes": lambda n: reading('{"a":"' + "\\\\" * (n // 2) + '"}'),
    "JSON, an open text": lambda n: reading('{"a":"' + '\\"' * (n // 2)),
    "JSON, white space": lambda n: reading(" " * n + "[]"),
    "JSON, a long fraction": lambda n: reading(f'{{"a":0.{"1" * n}}}'),
    "JSON, a long integer": lambda n: reading(f'{{"a":{"1" * n}}}'),
    "JSON, lines before a fault": lambda n: reading("[" + "\n" * n + "x"),
    "violations, all items": lambda n: validating(schedule([{}] * (n // 3))),
    "violations, attributes": lambda n: validating(
        {**repayment(), **{f"x{number}": {} for number in range(n // 12)}}
    ),
    "violations, fields": lambda n: validating(
        repayment(**{f"x{number}": {} for number in range(n // 12)}, paid_amount=1)
    ),
    "an event, from its bytes to its verdict": lambda n: validating_input(
        written(repayment(note="x" * n, currency="eur", paid_amount="1" * n + ".123456"))
    ),
    "an amount": lambda n: lambda: conversions.trimmed_money("1" * n + ".50001", decimals=2),
    "content type, parameters": lambda n: lambda: json_type_of("a/b" + ";a=b" * (n // 4)),
    "content type, quotes": lambda n: lambda: json_type_of('a/b;x="' + '\\"; ' * (n // 4)),
    "headers": lambda n: (
        lambda: cloud_event_of({}, headers=headers_of(n // 40), read_json=json.loads)
    ),
    "data in base64": lambda n: (
        lambda: cloud_event_of(
            {"data_base64": b64encode(b"[" + b"1," * (n // 3) + b"1]").decode()},
            read_json=json.loads,
        )
    ),
    "lines, empty": lambda n: body_of("application/x-ndjson", b" \n" * (n // 2)),
    "lines, many": lambda n: body_of("application/x-ndjson", b"{}\n" * (n // 3)),
    "batch, many": lambda n: body_of(
        "application/cloudevents-batch+json", b"[" + b"1," * (n // 2) + b"1]"
    ),
    "batch, levels": lambda n: body_of("application/cloudevents-batch+json", b"[" * n),
    "mapping, a currency that is searched for": mapping,
    "API key": lambda n: lambda: parse("tsk_" + "a" * n),
    "log line": lambda n: lambda: without_secrets("a" * n + " tsk_" * (n // 5)),
    "cursor": lambda n: refusing(lambda: read_moment_cursor("WyIi" * (n // 4))),
    "webhook address": lambda n: (
        lambda: check_url("https://" + "a." * (n // 2) + "b/", policy=AddressPolicy())
    ),
    "Retry-After": lambda n: lambda: parse_retry_after("1" * n),
}


def seconds_of(parsing: Callable[[], Any], *, repetitions: int) -> float:
    """Returns the least processor time of some repetitions."""
    shortest = float("inf")
    for _ in range(repetitions):
        began = process_time()
        parsing()
        shortest = min(shortest, process_time() - began)
    return shortest


@pytest.mark.parametrize("name", PARSERS)
def test_the_cost_of_parsing_grows_with_the_size(name: str) -> None:
    parser = PARSERS[name]
    small = max(seconds_of(parser(SMALL), repetitions=5), FLOOR_SECONDS)
    assert seconds_of(parser(SMALL * GROWTH), repetitions=2) < small * MOST_GROWTH
