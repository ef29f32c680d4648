"""Compiles the pure core of scoring to machine code, in a copy of the sources.

    python deploy/compile_core.py FOLDER

`FOLDER/services` is then the whole package, with machine code (mypyc) for each module of
`services/scoring/domain`; run anything with `PYTHONPATH=FOLDER` to use it. `setup.py`
defines what is compiled and how, for this copy and for the image alike. Needs a C compiler and the
development dependencies. Compiles only when the core has changed, and copies the sources each time.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = Path("services/scoring/domain")
BUILD_FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
USAGE = "usage: python deploy/compile_core.py FOLDER"


def main(arguments: list[str]) -> int:
    """Make or renew the compiled copy."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    folder = Path(arguments[0]).resolve()
    if shutil.which(os.environ.get("CC", "cc")) is None:
        print("No C compiler (cc) was found. Debian: apt install gcc; or set CC.", file=sys.stderr)
        return 1
    core = digest_of_core()
    made_of = folder / "made-of"
    if made_of.is_file() and made_of.read_text(encoding="ascii") == core:
        copy_sources(folder)
        print(f"The compiled core in {arguments[0]} is up to date.")
        return 0
    print("Compiling the core of scoring (two to three minutes)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    copy_sources(folder)
    compile_in(folder)
    made_of.write_text(core, encoding="ascii")
    return 0


def digest_of_core() -> str:
    """Return the digest of what the machine code is made of: sources, scripts and compiler."""
    digest = hashlib.sha256(f"{sys.version} mypy {version('mypy')}".encode())
    for path in (Path(__file__), ROOT / "setup.py", *sorted((ROOT / CORE).rglob("*.py"))):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def copy_sources(folder: Path) -> None:
    """Replace the copied package with the sources as they are; machine code stays."""
    for path in (folder / "services").rglob("*"):
        if path.is_file() and path.suffix != ".so":
            path.unlink()
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(ROOT / "services", folder / "services", ignore=ignored, dirs_exist_ok=True)
    for name in BUILD_FILES:
        shutil.copy2(ROOT / name, folder)


def compile_in(folder: Path) -> None:
    """Compile the modules of the core in the folder."""
    # Not a setting of ours: the build inherits the environment and one variable more.
    environment = {**os.environ, "TOCSIN_COMPILE": "1"}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder, env=environment, check=True)
    shutil.rmtree(folder / "build", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
