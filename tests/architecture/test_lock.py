"""The locks say what the project asks for, with hashes, and name no place to fetch from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lab.stack import jar_lock

ROOT = Path(__file__).resolve().parents[2]
PRODUCT, LAB = (
    tomllib.loads((ROOT / file).read_text(encoding="utf-8"))["project"]
    for file in ("pyproject.toml", "lab/pyproject.toml")
)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
EXTRAS = PRODUCT["optional-dependencies"].values()
WANTED = [
    requirement
    for requirement in map(
        Requirement,
        [*PRODUCT["dependencies"], *LAB["dependencies"], *(each for e in EXTRAS for each in e)],
    )
    if requirement.name != PRODUCT["name"]
]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.name)
def test_each_dependency_is_locked_to_a_version_that_fits(wanted: Requirement) -> None:
    versions = {canonicalize_name(name): version for name, version in PINNED.findall(LOCK)}
    assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)], prereleases=True)


def test_each_locked_package_has_a_hash() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_lock_names_no_index() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
    assert "--find-links" not in LOCK


def test_the_laboratory_drives_the_product_of_its_own_version() -> None:
    assert f"{PRODUCT['name']}=={LAB['version']}" in LAB["dependencies"]
    assert LAB["version"] == PRODUCT["version"]


def test_the_jars_are_those_of_the_coordinates() -> None:
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jar_lock.read()}
    assert set(jar_lock.COORDINATES) <= locked
