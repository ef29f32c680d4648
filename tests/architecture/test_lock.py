"""The locks say what the project asks for, with hashes, and name no place to fetch from."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lab.stack import jar_lock

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


def declared(file: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / file).read_text(encoding="utf-8"))


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in PINNED.findall(text)}


# Data that the standard library reads.
NEVER_IMPORTED = {"tzdata"}


@cache
def imported_distributions() -> set[str]:
    """Return the distributions whose modules the product imports."""
    modules = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    providers = packages_distributions()
    return {canonicalize_name(name) for module in modules for name in providers.get(module, ())}


ROOT_FILE, LAB = declared("pyproject.toml"), declared("lab/pyproject.toml")["project"]
PRODUCT = ROOT_FILE["project"]
WANTED = {
    "requirements.lock": [
        *PRODUCT["dependencies"],
        *(each for each in LAB["dependencies"] if not each.startswith("tocsin==")),
        *(each for extra in PRODUCT["optional-dependencies"].values() for each in extra),
    ],
    "requirements-product.lock": [
        *PRODUCT["dependencies"],
        *PRODUCT["optional-dependencies"]["tables"],
    ],
    "requirements-build.lock": ROOT_FILE["dependency-groups"]["build"],
}
CASES = [(lock, Requirement(each)) for lock, wanted in WANTED.items() for each in wanted]


@pytest.mark.parametrize(("lock", "wanted"), CASES, ids=lambda case: getattr(case, "name", case))
def test_each_dependency_is_locked_to_a_version_that_fits(lock: str, wanted: Requirement) -> None:
    version = pinned(lock)[canonicalize_name(wanted.name)]
    assert wanted.specifier.contains(version, prereleases=True)


@pytest.mark.parametrize("wanted", PRODUCT["dependencies"])
def test_each_dependency_of_the_product_is_imported(wanted: str) -> None:
    name = canonicalize_name(Requirement(wanted).name)
    assert name in imported_distributions() | NEVER_IMPORTED


@pytest.mark.parametrize("lock", WANTED)
def test_each_locked_package_has_a_hash_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert not any(each in text for each in ("://", "--index", "--find-links"))


@pytest.mark.parametrize("lock", ["requirements-product.lock", "requirements-build.lock"])
def test_what_the_image_installs_is_what_was_developed_with(lock: str) -> None:
    assert pinned(lock).items() <= pinned("requirements.lock").items()


def test_the_image_installs_nothing_of_the_laboratory_or_the_tests() -> None:
    product = pinned("requirements-product.lock").keys()
    lab = {Requirement(each).name for each in LAB["dependencies"]}
    # Tables are the product's own extra.
    assert not product & (lab - {"pyarrow"} | {"pytest", "mypy", "ruff"})


def test_the_laboratory_drives_the_product_of_its_own_version() -> None:
    assert f"{PRODUCT['name']}=={LAB['version']}" in LAB["dependencies"]
    assert LAB["version"] == PRODUCT["version"]


def test_the_jars_are_those_of_the_coordinates() -> None:
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jar_lock.read()}
    assert set(jar_lock.COORDINATES) <= locked
