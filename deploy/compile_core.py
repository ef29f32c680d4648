"""Compiles the pure core of scoring to machine code, in a copy of the sources.

    python deploy/compile_core.py FOLDER

`FOLDER/services` is then the whole package, in which the modules of `services/scoring/domain` have
machine code (mypyc) beside them; run anything with `PYTHONPATH=FOLDER` to use it. `setup.py`
defines what is compiled and how, for this copy and for the image alike. Needs a C compiler and the
development dependencies. Does nothing when the copy is of these sources already.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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
    sources_digest = digest()
    digest_file = folder / "made-of"
    if digest_file.is_file() and digest_file.read_text(encoding="ascii") == sources_digest:
        print(f"The compiled core in {arguments[0]} is up to date.")
        return 0
    print("Compiling the core of scoring (two to three minutes)", flush=True)
    copy_sources(folder)
    compile_in(folder)
    digest_file.write_text(sources_digest, encoding="ascii")
    return 0


def digest() -> str:
    """Return the digest of what the copy is made of: every source and the two build scripts."""
    sources = hashlib.sha256(Path(__file__).read_bytes())
    for path in [ROOT / "setup.py", *sorted((ROOT / "services").rglob("*.py"))]:
        sources.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return sources.hexdigest()


def copy_sources(folder: Path) -> None:
    """Copy the package, without what an earlier copy left."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(ROOT / "services", folder / "services", ignore=ignored)
    for name in BUILD_FILES:
        shutil.copy2(ROOT / name, folder)


def compile_in(folder: Path) -> None:
    """Put machine code beside the modules of the core."""
    # Not a setting of ours: the build inherits the environment and one variable more.
    environment = {**os.environ, "TOCSIN_COMPILE": "1"}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder, env=environment, check=True)
    shutil.rmtree(folder / "build", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
