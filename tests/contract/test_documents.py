"""The documents about metrics and HTTP are those of the code."""

import re

import pytest
import yaml

from tests.contract import documents
from tests.contract.documents import ROOT
from tests.reference.metrics import CATALOGUES

REMEDY = "run `python -m tests.contract.documents` and look at the diff"
_METRIC = re.compile(r"tocsin_[a-z_]+")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")
KNOWN = {metric.name: metric for catalogue in CATALOGUES.values() for metric in catalogue}


def test_a_metric_is_declared_once() -> None:
    names = [metric.name for catalogue in CATALOGUES.values() for metric in catalogue]
    assert len(names) == len(set(names))


def test_every_metric_is_recorded_somewhere() -> None:
    sources = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / "services").rglob("*.py")
        if path.name not in {"metrics.py", "catalogue.py"}
    }
    text = "\n".join(sources.values())
    declared = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "services").rglob("*.py")
        if path.name in {"metrics.py", "catalogue.py"}
    )
    constants = re.findall(r"^([A-Z_]+) = (?:counter|gauge|histogram)\(", declared, re.MULTILINE)
    assert len(constants) == len(KNOWN)
    unused = [name for name in constants if not re.search(rf"\b{name}\b", text)]
    assert unused == []


@pytest.mark.parametrize("service", sorted(documents.APPLICATIONS))
def test_the_http_description_is_the_golden_one(service: str) -> None:
    written = documents.openapi_path(service).read_text(encoding="utf-8")
    assert written == documents.openapi_document(service), REMEDY


def _queried(text: str) -> set[str]:
    return {_base(name) for name in _METRIC.findall(text)}


def _base(name: str) -> str:
    return name if name in KNOWN else _SUFFIX.sub("", name)


@pytest.mark.parametrize(
    "path",
    [
        *sorted((ROOT / "deploy" / "grafana").rglob("*.json")),
        *sorted((ROOT / "deploy" / "prometheus").glob("*.yml")),
        ROOT / "docs" / "runbook.md",
    ],
    ids=lambda path: path.name,
)
def test_dashboards_rules_and_runbook_name_only_metrics_that_exist(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    recorded = set(re.findall(r"record: (\S+)", text))
    # Roles of the database have names like metrics.
    roles = {"tocsin_ingest", "tocsin_scoring", "tocsin_alerts"}
    assert _queried(text) - set(KNOWN) - recorded - roles == set()


def rules() -> list[dict[str, object]]:
    document = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_rule_leads_to_its_place_in_the_runbook(rule: dict[str, object]) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    name = str(rule["alert"])
    assert f"### {name}\n" in runbook
    annotations = rule["annotations"]
    assert isinstance(annotations, dict)
    assert annotations["runbook"] == f"docs/runbook.md#{name.lower()}"
    assert annotations["summary"]
    labels = rule["labels"]
    assert isinstance(labels, dict)
    assert labels["severity"] in {"page", "ticket"}
