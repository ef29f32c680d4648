"""Clock, ids, settings, health and metrics do what their docstrings promise."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from services.kit.clock import SystemClock, business_date
from services.kit.http.health import Health
from services.kit.ids import time_ordered_id
from services.kit.metrics import Kind, Metric, Metrics, counter, gauge
from services.kit.settings import PlatformSettings, effective
from tests.fakes.clock import ManualClock
from tests.fakes.ids import CountingIds

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEEN = counter("tocsin_seen_total", unit="things", labels=("kind",), meaning="Things seen.")
LEVEL = gauge("tocsin_level", unit="things", meaning="Things here.")


def settings(**changes: str) -> PlatformSettings:
    wanted = {"kafka_bootstrap": "h:9092", "database_url": "postgresql://u:hunter2@h/d"} | changes
    return PlatformSettings(**wanted)  # type: ignore[arg-type]


class TestClock:
    def test_the_system_clock_is_aware_and_in_utc(self) -> None:
        assert SystemClock().now().tzinfo is UTC

    async def test_sleeping_on_a_manual_clock_moves_it(self) -> None:
        clock = ManualClock(NOW)
        await clock.sleep(90)
        assert clock.now() == datetime(2026, 3, 2, 9, 1, 30, tzinfo=UTC)
        assert clock.monotonic_seconds() == 90

    def test_a_naive_moment_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must be aware"):
            ManualClock(datetime(2026, 3, 2))  # noqa: DTZ001 - the naive moment is the test

    def test_the_business_date_is_the_banks_own(self) -> None:
        late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
        assert business_date(late, timezone="Europe/Berlin") == date(2026, 3, 3)
        assert business_date(late, timezone="America/New_York") == date(2026, 3, 2)


class TestIds:
    def test_ids_are_uuids_of_version_7_in_the_order_of_time(self) -> None:
        made = [time_ordered_id() for _ in range(1000)]
        assert len(set(made)) == 1000
        assert all(text[14] == "7" and text[19] in "89ab" for text in made)
        assert [text[:13] for text in made] == sorted(text[:13] for text in made)

    def test_counting_ids_count(self) -> None:
        ids = CountingIds("a-")
        assert [ids(), ids()] == ["a-1", "a-2"]


class TestSettings:
    def test_topics_carry_the_prefix(self) -> None:
        assert settings(topic_prefix="t1.").events_topic == "t1.events"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("database_url", "mysql://h/d"),
            ("bank_timezone", "Middle-earth/Bree"),
            ("topic_prefix", "no spaces"),
            ("partitions", "0"),
            ("kafka_bootstrap", ""),
        ],
    )
    def test_a_wrong_value_is_refused_by_name(self, name: str, value: str) -> None:
        with pytest.raises(ValidationError, match=name):
            settings(**{name: value})

    def test_the_effective_configuration_shows_no_secret(self) -> None:
        assert "hunter2" not in str(effective(settings()))


class TestHealth:
    async def test_a_probe_that_hangs_is_a_failure_within_its_time(self) -> None:
        health = Health(SystemClock())
        health.add_readiness_check("database", asyncio.Event().wait, timeout_seconds=0.01)  # type: ignore[arg-type]
        health.started()
        assert (await health.ready()).checks == {"database": "no answer within 0.01 s"}

    async def test_a_probe_that_breaks_tells_only_its_class(self) -> None:
        async def broken() -> None:
            raise ConnectionError("postgresql://u:hunter2@h")

        health = Health(SystemClock())
        health.add_readiness_check("database", broken)
        health.started()
        assert (await health.ready()).checks == {"database": "ConnectionError"}

    async def test_many_askers_cost_one_round_of_checks(self) -> None:
        calls = 0

        async def count() -> None:
            nonlocal calls
            calls += 1

        clock = ManualClock(NOW)
        health = Health(clock)
        health.add_readiness_check("database", count)
        health.started()
        await asyncio.gather(*(health.ready() for _ in range(50)))
        assert calls == 1
        clock.advance(0.5)
        await health.ready()
        assert calls == 2


class TestMetrics:
    def test_what_is_recorded_is_shown(self) -> None:
        metrics = Metrics((SEEN, LEVEL))
        metrics.add(SEEN, 2, kind="a")
        metrics.set(LEVEL, 7)
        shown = metrics.exposition().decode()
        assert 'tocsin_seen_total{kind="a"} 2.0' in shown
        assert "tocsin_level 7.0" in shown

    def test_a_series_can_be_forgotten(self) -> None:
        lag = gauge("tocsin_lag", unit="records", labels=("partition",), meaning="Lag.")
        metrics = Metrics((lag,))
        metrics.set(lag, 3, partition="1")
        metrics.forget(lag, partition="1")
        metrics.forget(lag, partition="2")
        assert 'partition="1"' not in metrics.exposition().decode()

    def test_a_metric_outside_the_catalogue_is_refused(self) -> None:
        with pytest.raises(LookupError, match="tocsin_level"):
            Metrics((SEEN,)).set(LEVEL, 1)

    def test_a_metric_used_as_another_kind_is_refused(self) -> None:
        with pytest.raises(TypeError, match="is a gauge"):
            Metrics((LEVEL,)).add(LEVEL)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("seen_total", Kind.COUNTER),
            ("tocsin_seen", Kind.COUNTER),
            ("tocsin_x_total", Kind.GAUGE),
        ],
    )
    def test_a_name_against_the_rules_is_refused(self, name: str, kind: Kind) -> None:
        with pytest.raises(ValueError, match=name):
            Metric(name=name, kind=kind, unit="things", meaning="…")
