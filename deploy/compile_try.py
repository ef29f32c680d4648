"""Compiles the pure core of scoring to machine code, in a copy of the sources.

    python deploy/compile_core.py FOLDER

`FOLDER/services` is then the whole package, in which the modules of `services/scoring/domain` have
machine code (mypyc) beside them; run anything with `PYTHONPATH=FOLDER` to use it. A copy, because
Python prefers machine code to the source that it was made from, even after the source has changed:
the working tree always stays interpreted, which is the reference. Needs a C compiler and the
development dependencies. Nothing is done when the copy is of these sources already.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = Path("services/scoring/domain")
# Most of the fold is calls into Python's own machine code; higher levels mainly build longer.
OPTIMISATION = "1"
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
    made_of = digest()
    note = folder / "made-of"
    if note.is_file() and note.read_text(encoding="ascii") == made_of:
        print(f"The compiled core in {arguments[0]} is up to date.")
        return 0
    print("Compiling the core of scoring (two to three minutes)", flush=True)
    copy_sources(folder)
    compile_in(folder)
    note.write_text(made_of, encoding="ascii")
    return 0


def digest() -> str:
    """Return what the copy is made of: every source and this file."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted((ROOT / "services").rglob("*.py")):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def copy_sources(folder: Path) -> None:
    """Copy the package, without what an earlier copy left."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(ROOT / "services", folder / "services", ignore=ignored)


def compile_in(folder: Path) -> None:
    """Put machine code beside the modules of the core."""
    from mypyc.build import mypycify
    from setuptools import setup

    os.chdir(folder)
    modules = [str(each) for each in [*sorted(CORE.rglob("*.py")), *(Path("services/scoring/adapters")/n for n in ("state_rows.py","state_rows_decisions.py","state_rows_file.py","state_bytes.py","wire_values.py","wire_account.py","wire_loan.py","wire_reference.py"))] if each.name != "__init__.py"]
    with tempfile.TemporaryDirectory(prefix="tocsin-core-") as scratch:
        extensions = mypycify(
            ["--config-file=", "--strict", "--follow-imports=silent", *modules],
            opt_level=OPTIMISATION,
            target_dir=str(Path(scratch) / "c"),
            group_name="tocsin_core",
        )
        setup(
            name="tocsin-core",
            packages=[],
            ext_modules=extensions,
            script_args=["-q", "build_ext", "--inplace", "--build-temp", scratch],
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
