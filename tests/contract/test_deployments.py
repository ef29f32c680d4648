"""What the compose file and the chart give to which process."""

from pathlib import Path

import yaml

from services.ingest.settings import SHIPPED_MAPPINGS
from services.kit.settings import (
    SERVICES,
    PlatformSettings,
    service_variable,
    unknown_variables,
)
from services.scoring.settings import ScoringSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
ADMINISTRATOR = "TOCSIN_DATABASE_URL"


def test_each_service_of_the_compose_file_has_its_own_login_only() -> None:
    services = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]
    urls = {
        name: {key: url for key, url in container["environment"].items() if "DATABASE" in key}
        for name, container in services.items()
        if "environment" in container
    }
    for name, service in (*((each, each) for each in SERVICES), ("clock", "scoring")):
        assert list(urls[name]) == [service_variable(service)], name
    prepared = urls.pop("prepare")
    assert set(prepared) == {ADMINISTRATOR, *map(service_variable, SERVICES)}
    assert len(set(prepared.values())) == 4
    assert all(ADMINISTRATOR not in each for each in urls.values())


def test_the_clock_is_probed_and_scraped_at_its_port() -> None:
    port = ScoringSettings.model_fields["clock_port"].default
    chart = DEPLOY / "helm/tocsin"
    assert yaml.safe_load((chart / "values.yaml").read_text())["clock"]["port"] == port
    template = (chart / "templates/clock.yaml").read_text()
    for path in ("/startupz", "/livez", "/readyz"):
        assert f"{{path: {path}, port: http}}" in template
    jobs = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert targets["tocsin-clock"] == [f"clock:{port}"]


def test_the_compose_file_creates_the_topics_of_the_shipped_mappings() -> None:
    prepare = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]["prepare"]
    created = set(prepare["command"][-1].split("--also ")[1:])
    named = {yaml.safe_load(path.read_text())["topic"] for path in SHIPPED_MAPPINGS.glob("*.yaml")}
    assert {name.strip() for name in created} == named


def test_only_the_migration_of_the_chart_has_the_administrators_login() -> None:
    templates = (DEPLOY / "helm/tocsin/templates").glob("*.yaml")
    texts = {path.name: path.read_text() for path in templates}
    assert [name for name, text in texts.items() if ADMINISTRATOR in text] == ["migrate.yaml"]
    assert [name for name, text in texts.items() if "adminSecret" in text] == ["migrate.yaml"]
    for name in ("clock.yaml", "sectors.yaml"):
        assert service_variable("scoring") in texts[name]


def test_no_pod_of_the_chart_gets_variables_that_look_like_misspelled_settings() -> None:
    """Kubernetes would add TOCSIN_SCORING_SERVICE_HOST and others for a release named tocsin."""
    assert unknown_variables(
        ["TOCSIN_SCORING_SERVICE_HOST"], PlatformSettings, ScoringSettings
    ) == [("TOCSIN_SCORING_SERVICE_HOST", None)]
    for path in (DEPLOY / "helm/tocsin/templates").glob("*.yaml"):
        text = path.read_text()
        assert text.count("enableServiceLinks: false") == text.count("containers:"), path.name
