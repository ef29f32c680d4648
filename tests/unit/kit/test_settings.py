"""A variable that looks misspelled or has a wrong value is named at the start."""

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from services.alerts.settings import AlertsFaultSettings, AlertsSettings
from services.ingest.settings import IngestSettings
from services.kit.settings import SERVICES, PlatformSettings, settings_problem, unknown_variables
from services.scoring.settings import ScoringFaultSettings, ScoringSettings
from tests.reference import settings as documented

ALERTS = (PlatformSettings, AlertsSettings, AlertsFaultSettings)
SCORING = (PlatformSettings, ScoringSettings, ScoringFaultSettings)
INGEST = (PlatformSettings, IngestSettings)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TOCSIN_DATABSE_URL", "TOCSIN_DATABASE_URL"),
        ("TOCSIN_KAFKA_BOOTSTRAPS", "TOCSIN_KAFKA_BOOTSTRAP"),
        ("TOCSIN_TOPIC_PREFX", "TOCSIN_TOPIC_PREFIX"),
        ("TOCSIN_ALERT_PORT", "TOCSIN_ALERTS_PORT"),
        ("TOCSIN_ALERTS_PROT", "TOCSIN_ALERTS_PORT"),
        ("TOCSIN_ALERTS_FONT_SIZE", None),
        ("TOCSIN_ALERTS_DAY_CLOSE", "TOCSIN_DAY_CLOSE"),
        ("TOCSIN_SCORING_DAY_CLOSE", "TOCSIN_DAY_CLOSE"),
    ],
)
def test_a_misspelled_variable_is_named_with_what_was_meant(name: str, meant: str | None) -> None:
    assert unknown_variables([name, "PATH"], *ALERTS) == [(name, meant)]


@pytest.mark.parametrize("read", [ALERTS, SCORING, INGEST])
def test_no_variable_that_exists_is_taken_for_a_mistake(read: tuple[type, ...]) -> None:
    assert unknown_variables(documented.names(), *read) == []


def test_what_resembles_nothing_is_somebody_else_s() -> None:
    assert unknown_variables(["TOCSIN_CHART_REVISION", "TOCSIN_SCORING_PROT"], *ALERTS) == []


def test_a_wrong_value_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("TOCSIN_DAY_CLOSE", "both")
    with pytest.raises(ValidationError) as raised:
        PlatformSettings()
    assert settings_problem(raised.value) == (
        "TOCSIN_KAFKA_BOOTSTRAP: not set; TOCSIN_DAY_CLOSE: Input should be 'clock' or 'events'"
    )


@pytest.mark.parametrize(
    "command", [*((each,) for each in SERVICES), ("scoring", "clock"), ("scoring", "sectors")]
)
def test_a_service_does_not_start_with_a_renamed_setting(command: tuple[str, ...]) -> None:
    service, *role = command
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("TOCSIN_")}
    answer = subprocess.run(
        [sys.executable, "-m", f"services.{service}", *role],
        env=environment
        | {
            "TOCSIN_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "TOCSIN_ALERTS_SECRET_KEY": "k" * 44,
            "TOCSIN_SCORING_DAY_CLOSE": "events",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "TOCSIN_SCORING_DAY_CLOSE is not a setting: set TOCSIN_DAY_CLOSE" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_names_the_setting_that_it_lacks(service: str) -> None:
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("TOCSIN_")}
    answer = subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "service.start_refused" in answer.stdout
    assert "TOCSIN_KAFKA_BOOTSTRAP: not set" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr
