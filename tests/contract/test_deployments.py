"""What the compose file and the chart give to which process."""

from pathlib import Path

import yaml

from services.kit.settings import SERVICES, service_variable

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


def test_only_the_migration_of_the_chart_has_the_administrators_login() -> None:
    templates = (DEPLOY / "helm/tocsin/templates").glob("*.yaml")
    texts = {path.name: path.read_text() for path in templates}
    assert [name for name, text in texts.items() if ADMINISTRATOR in text] == ["migrate.yaml"]
    assert [name for name, text in texts.items() if "adminSecret" in text] == ["migrate.yaml"]
    for name in ("clock.yaml", "sectors.yaml"):
        assert service_variable("scoring") in texts[name]
