"""A variable that looks misspelled is named at the start."""

import pytest

from services.alerts.settings import AlertsFaultSettings, AlertsSettings
from services.ingest.settings import IngestSettings
from services.kit.settings import PlatformSettings, unknown_variables
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
    ],
)
def test_a_misspelled_variable_is_named_with_what_was_meant(name: str, meant: str | None) -> None:
    assert unknown_variables([name, "PATH"], *ALERTS) == [(name, meant)]


@pytest.mark.parametrize("read", [ALERTS, SCORING, INGEST])
def test_no_variable_that_exists_is_taken_for_a_mistake(read: tuple[type, ...]) -> None:
    assert unknown_variables(documented.names(), *read) == []


def test_what_resembles_nothing_is_somebody_else_s() -> None:
    assert unknown_variables(["TOCSIN_CHART_REVISION", "TOCSIN_SCORING_PROT"], *ALERTS) == []
