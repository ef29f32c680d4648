"""A recorder of metrics that a test can read."""

from services.kit.metrics import Metric


class MemoryRecorder:
    """Stores every value that was recorded."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}

    def add(self, metric: Metric, amount: float = 1, /, **labels: str) -> None:
        self._store(metric, amount, labels)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        self._store(metric, value, labels)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        self._store(metric, value, labels)

    def forget(self, metric: Metric, /, **labels: str) -> None:
        self.values.pop((metric.name, tuple(sorted(labels.items()))), None)

    def total(self, metric: Metric, /, **labels: str) -> float:
        """Returns the sum of the values of one series."""
        return sum(self.values.get((metric.name, tuple(sorted(labels.items()))), ()))

    def latest(self, metric: Metric, /, **labels: str) -> float | None:
        """Returns the last value of one series; None when it has none."""
        values = self.values.get((metric.name, tuple(sorted(labels.items()))))
        return values[-1] if values else None

    def _store(self, metric: Metric, value: float, labels: dict[str, str]) -> None:
        if set(labels) != set(metric.labels):
            raise ValueError(f"metric {metric.name} has the labels {metric.labels}, got {labels}")
        self.values.setdefault((metric.name, tuple(sorted(labels.items()))), []).append(value)
