"""A process exposes at most 800 series, however its labels come: they are counted here.

Each label has a closed list of values. What a value may be is written down here for every label, so
a new label, or a longer list, is noticed.
"""

import math
from collections.abc import Iterable, Mapping

import pytest
from fastapi.routing import iter_route_contexts

from services.alerts.delivery.domain.attempt import ResultCode
from services.alerts.metrics import ALERTS_CATALOGUE
from services.alerts.primitives.vocabulary import AlertEventKind, DecisionCode, Severity
from services.contracts.registry import EVENT_TYPES
from services.ingest.domain.reasons import RefusalReason
from services.ingest.metrics import INGEST_CATALOGUE
from services.kit.catalogue import HTTP_REQUESTS, KIT_CATALOGUE
from services.kit.metrics import MOST_SERIES, SECONDS_BUCKETS, Kind, Metric, Metrics
from services.kit.settings import PlatformSettings
from services.scoring.metrics import SCORING_CATALOGUE
from tests.contract.documents import APPLICATIONS
from tests.fakes.ingest_in_memory import demo_mappings

PARTITIONS = int(PlatformSettings.model_fields["partitions"].default)
CATALOGUES = {
    "ingest": INGEST_CATALOGUE,
    "scoring": SCORING_CATALOGUE,
    "alerts": ALERTS_CATALOGUE,
}
TOPICS_READ = {"ingest": len(demo_mappings()), "scoring": 1, "alerts": 1}
# By the outbox; ingest has none, and produces to the topic of events.
TOPICS_WRITTEN = {"ingest": 0, "scoring": 2, "alerts": 1}
# process_* and python_info of the client library.
OF_THE_LIBRARY = 8
# A champion and a challenger, each with some forty figures.
PD_MODELS, PD_FIGURES = 2, 40


def count(values: Iterable[object]) -> int:
    return len(list(values))


def label_values(service: str, routes: int, apis: int) -> Mapping[str, int]:
    """Returns how many values each label has at most; `metric.label` is more exact than `label`."""
    return {
        "api": apis,
        "channel": 2,
        "code": count(DecisionCode),
        "figure": PD_FIGURES,
        "how": 2,
        "kind": count(AlertEventKind),
        "model": PD_MODELS,
        "partition": PARTITIONS,
        "reason": count(RefusalReason) if service == "ingest" else 10,
        "result": 3,
        "route": routes,
        "service": 1,
        "severity": count(Severity),
        "status": 5,
        "task": 1,
        "topic": TOPICS_READ[service],
        "type": count(EVENT_TYPES),
        "version": 1,
        "tocsin_webhook_attempts_total.result": count(ResultCode),
        "tocsin_alerts_assessments_total.result": 4,
        "tocsin_ingest_inputs_total.result": 4,
        "tocsin_outbox_oldest_pending_timestamp_seconds.topic": TOPICS_WRITTEN[service],
        "tocsin_outbox_pending_records.topic": TOPICS_WRITTEN[service],
        "tocsin_outbox_relayed_total.topic": TOPICS_WRITTEN[service],
        "tocsin_produced_total.topic": TOPICS_WRITTEN[service] or 1,
        # A partition is stopped for one reason at a time.
        "tocsin_partition_stopped.reason": 1,
    }


def series_of(metric: Metric, values: Mapping[str, int]) -> int:
    labels = math.prod(
        values.get(f"{metric.name}.{label}", values.get(label, MOST_SERIES))
        for label in metric.labels
    )
    if metric.kind is not Kind.HISTOGRAM:
        return labels
    return labels * (len(metric.buckets or SECONDS_BUCKETS) + 3)


@pytest.mark.parametrize("service", CATALOGUES)
def test_a_process_exposes_at_most_800_series(service: str) -> None:
    contexts = list(iter_route_contexts(APPLICATIONS[service]().routes))
    # And the paths that are no route, and the routes without a tag.
    routes = len({context.path for context in contexts}) + 1
    apis = len({str(tag) for context in contexts for tag in getattr(context, "tags", ())}) + 1
    values = label_values(service, routes, apis)
    metrics = (*KIT_CATALOGUE, *CATALOGUES[service])
    counts = {metric.name: series_of(metric, values) for metric in metrics}
    assert sum(counts.values()) + OF_THE_LIBRARY <= MOST_SERIES, counts


def test_a_series_has_no_second_one_for_the_moment_it_began() -> None:
    metrics = Metrics(KIT_CATALOGUE)
    metrics.add(HTTP_REQUESTS, route="/", status="2xx")
    assert b"_created" not in metrics.exposition()
