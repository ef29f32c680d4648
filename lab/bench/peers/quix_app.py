"""Quix Streams, exactly-once, RocksDB state with its changelog topic, as its pages advise."""

import sys
from dataclasses import asdict
from typing import Any

from fold import BorrowerFold, fold, result_is_due
from quixstreams import Application
from quixstreams import BorrowerFold as Store


def handle(event: dict[str, Any], store: Store) -> dict[str, Any] | None:
    """Fold one event; return a result when one is due."""
    state = BorrowerFold(**(store.get("state") or {}))
    points = fold(state, event)
    store.set("state", asdict(state))
    if not result_is_due(event["subject"], state.events):
        return None
    return {"borrower": event["subject"], "events": state.events, "score": points}


def main(bootstrap: str, source: str, sink: str, group: str, folder: str) -> None:
    """Run until killed."""
    application = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=folder,
        commit_interval=1.0,
        loglevel="WARNING",
    )
    frame = application.dataframe(application.topic(source, value_deserializer="json"))
    frame = frame.apply(handle, stateful=True)
    frame = frame.filter(lambda value: value is not None)
    frame.to_topic(application.topic(sink, value_serializer="json"))
    application.run()


if __name__ == "__main__":
    main(*sys.argv[1:6])
