"""The tree keeps its shape: small files, short functions, the same skeleton in every service."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOYABLES = ("ingest", "scoring", "alerts")
PARTS = {"domain", "application", "adapters", "entrypoints"}
# A service that holds several subjects has a wing for each; a wing has the parts that it needs.
WINGS = {"alerts": {"approvals", "decisions", "delivery", "directory"}}
MOST_LINES_A_FILE = 600
MOST_LINES_A_FUNCTION = 60
SOURCES = sorted(path for part in ("services", "lab") for path in (ROOT / part).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_A_FILE
    for function in functions(parsed(path)):
        assert (function.end_lineno or 0) - function.lineno < MOST_LINES_A_FUNCTION, function.name


@pytest.mark.parametrize("service", DEPLOYABLES)
def test_every_service_has_the_same_skeleton(service: str) -> None:
    folder = ROOT / "services" / service
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    if service in WINGS:
        assert packages == {*WINGS[service], "primitives", "adapters", "entrypoints"}
    else:
        assert packages == PARTS
    for part in ("__main__.py", "settings.py", "wiring.py"):
        assert (folder / part).is_file()


@pytest.mark.parametrize(
    ("service", "wing"), [(service, wing) for service in WINGS for wing in sorted(WINGS[service])]
)
def test_a_wing_has_the_same_parts_and_nothing_else(service: str, wing: str) -> None:
    folder = ROOT / "services" / service / wing
    assert {path.name for path in folder.glob("*.py")} == {"__init__.py"}
    assert {"domain"} <= {path.parent.name for path in folder.glob("*/__init__.py")} <= PARTS


def test_exactly_the_deployables_can_be_run() -> None:
    runnable = {path.parent.name for path in SOURCES if path.name == "__main__.py"}
    assert runnable == set(DEPLOYABLES)


def test_no_coroutine_in_the_functional_core() -> None:
    for path in SOURCES:
        if "domain" in path.relative_to(ROOT).parts:
            assert not any(
                isinstance(node, ast.AsyncFunctionDef) for node in functions(parsed(path))
            ), path


def test_no_drawer_modules() -> None:
    names = {path.stem for path in SOURCES}
    assert not names & {"utils", "helpers", "common", "manager", "core", "misc"}
