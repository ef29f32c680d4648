"""Typed metrics: a catalogue declares them, a recorder records them, a registry exposes them.

Every metric of a process is declared once as a `Metric` in a catalogue: `services/kit/catalogue.py`
for those of all services, `services/<service>/metrics.py` for the rest. A test compares
`docs/reference/metrics.md` with the catalogues. Code that measures receives a `Recorder`, so only
this module imports prometheus_client. A metric is recorded after what it counts is durable, never
before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)


class Kind(StrEnum):
    """The kind of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


# A process exposes at most so many, two thirds of them routes by class of status;
# tests/contract/test_metric_series.py counts the worst case.
MOST_SERIES = 800
# From five milliseconds to a minute; the goals of 250 ms and 1 s are in the middle.
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
# Where there is a distribution for each topic or part of an API.
FEW_SECONDS_BUCKETS = (0.01, 0.05, 0.25, 1, 2.5, 10)
FEW_SIZE_BUCKETS = (1, 10, 100, 500, 2000, 10000)
# The moment at which each series began would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: its full name, its kind, its unit, its labels and its meaning.

    A label has few values: a partition, an outcome, a reason from a closed list; never a person, an
    id, a URL or the text of an error.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.startswith("tocsin_"):
            raise ValueError(f"metric name {self.name!r} must start with tocsin_")
        if (self.kind is Kind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"metric {self.name!r}: counters, and only they, end with _total")
        if self.buckets and self.kind is not Kind.HISTOGRAM:
            raise ValueError(f"metric {self.name!r}: only a histogram has buckets")


def counter(name: str, *, unit: str, meaning: str, labels: Sequence[str] = ()) -> Metric:
    """Declares a number that only grows."""
    return Metric(name=name, kind=Kind.COUNTER, unit=unit, meaning=meaning, labels=tuple(labels))


def gauge(name: str, *, unit: str, meaning: str, labels: Sequence[str] = ()) -> Metric:
    """Declares a number that goes up and down."""
    return Metric(name=name, kind=Kind.GAUGE, unit=unit, meaning=meaning, labels=tuple(labels))


def histogram(
    name: str,
    *,
    unit: str,
    meaning: str,
    labels: Sequence[str] = (),
    buckets: tuple[float, ...] = SECONDS_BUCKETS,
) -> Metric:
    """Declares a distribution."""
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        unit=unit,
        meaning=meaning,
        labels=tuple(labels),
        buckets=buckets,
    )


class Recorder(Protocol):
    """Records metrics."""

    def add(self, metric: Metric, amount: float = 1, /, **labels: str) -> None:
        """Adds to a counter."""
        ...

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Sets a gauge."""
        ...

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Adds a value to a distribution."""
        ...

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Removes one labelled series, because what it measured is gone."""
        ...


class Metrics:
    """The recorder of a process, with the registry that `/metrics` exposes."""

    def __init__(self, catalogue: Iterable[Metric]) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._declared: dict[Metric, Counter | Gauge | Histogram] = {}
        # Finding a labelled series costs more than adding to it, and the same few recur.
        self._series_cache: dict[tuple[object, ...], Counter | Gauge | Histogram] = {}
        for metric in catalogue:
            self._declare(metric)

    def add(self, metric: Metric, amount: float = 1, /, **labels: str) -> None:
        """Adds to a counter."""
        series = self._series(metric, Kind.COUNTER, labels)
        assert isinstance(series, Counter)
        series.inc(amount)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Sets a gauge."""
        series = self._series(metric, Kind.GAUGE, labels)
        assert isinstance(series, Gauge)
        series.set(value)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Adds a value to a distribution."""
        series = self._series(metric, Kind.HISTOGRAM, labels)
        assert isinstance(series, Histogram)
        series.observe(value)

    def forget(self, metric: Metric, /, **labels: str) -> None:
        """Removes one labelled series, such as the lag of a partition that was revoked."""
        self._series_cache.clear()
        declared = self._declared[metric]
        values = tuple(labels[name] for name in metric.labels)
        if values in declared._metrics:
            declared.remove(*values)

    def exposition(self) -> bytes:
        """Returns the text that a Prometheus server scrapes."""
        return generate_latest(self.registry)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._declared)

    def _declare(self, metric: Metric) -> None:
        if metric in self._declared:
            return
        if metric.kind is Kind.COUNTER:
            self._declared[metric] = Counter(
                metric.name, metric.meaning, metric.labels, registry=self.registry
            )
        elif metric.kind is Kind.GAUGE:
            self._declared[metric] = Gauge(
                metric.name, metric.meaning, metric.labels, registry=self.registry
            )
        else:
            self._declared[metric] = Histogram(
                metric.name,
                metric.meaning,
                metric.labels,
                buckets=metric.buckets or SECONDS_BUCKETS,
                registry=self.registry,
            )

    def _series(
        self, metric: Metric, kind: Kind, labels: dict[str, str]
    ) -> Counter | Gauge | Histogram:
        key = (metric.name, *labels.items())
        series = self._series_cache.get(key)
        if series is None:
            series = self._series_cache[key] = self._find_series(metric, kind, labels)
        return series

    def _find_series(
        self, metric: Metric, kind: Kind, labels: dict[str, str]
    ) -> Counter | Gauge | Histogram:
        if metric.kind is not kind:
            raise TypeError(f"metric {metric.name} is a {metric.kind}, not a {kind}")
        declared = self._declared.get(metric)
        if declared is None:
            raise LookupError(f"metric {metric.name} is in no catalogue of this process")
        return declared.labels(**labels) if metric.labels else declared
