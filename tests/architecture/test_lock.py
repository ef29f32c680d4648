"""The locks say what the project asks for, with hashes, and name no place to fetch from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.cli.stack import jar_lock

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
EXTRAS = PROJECT["optional-dependencies"].values()
WANTED = [Requirement(each) for each in [*PROJECT["dependencies"], *(e for x in EXTRAS for e in x)]]
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


def test_the_jars_are_those_of_the_coordinates() -> None:
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jar_lock.read()}
    assert set(jar_lock.COORDINATES) <= locked
