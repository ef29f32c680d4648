"""Bytewax with recovery snapshots every second; its output is at-least-once, its only mode."""

import json
import os

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from fold import BorrowerFold, fold, result, result_is_due

Message = KafkaSourceMessage[bytes, bytes]


def step(
    state: BorrowerFold | None, message: Message
) -> tuple[BorrowerFold, KafkaSinkMessage[bytes, bytes] | None]:
    """Fold one event; give a result when one is due."""
    state = state or BorrowerFold()
    event = json.loads(message.value)
    points = fold(state, event)
    if not result_is_due(event["subject"], state.events):
        return state, None
    value = result(event["subject"], state.events, points)
    return state, KafkaSinkMessage(key=message.key, value=value)


def build() -> Dataflow:
    """Return the dataflow; the runner sets BENCH_* for it."""
    brokers = [os.environ["BENCH_BOOTSTRAP"]]
    flow = Dataflow("bench")
    source = kafka.input("in", flow, brokers=brokers, topics=[os.environ["BENCH_SOURCE"]])
    keyed = op.key_on("key", source.oks, lambda message: message.key.decode())
    results = op.stateful_map("fold", keyed, step)
    due = op.filter("due", results, lambda pair: pair[1] is not None)
    kafka.output(
        "out",
        op.map("unkey", due, lambda pair: pair[1]),
        brokers=brokers,
        topic=os.environ["BENCH_SINK"],
    )
    return flow


flow = build()
