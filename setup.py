"""Adds machine code of the pure core to the build where TOCSIN_COMPILE=1 is set.

Everything else about the build is in pyproject.toml. The image sets the variable, so that its wheel
contains the compiled core; `deploy/compile_core.py` sets it for a copy of the sources. An editable
installation stays interpreted: Python would prefer machine code to the source it was made from,
even after the source has changed.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

CORE = Path("services/scoring/domain")
# Most of the fold is calls into Python's own machine code; higher levels mainly build longer.
OPTIMISATION = "1"


def extensions() -> list[Extension]:
    """Return the core's modules as extensions, compiled into one shared library."""
    if os.environ.get("TOCSIN_COMPILE") != "1":
        return []
    from mypyc.build import mypycify

    modules = [str(path) for path in sorted(CORE.rglob("*.py")) if path.name != "__init__.py"]
    return mypycify(
        ["--config-file=", "--strict", "--follow-imports=silent", *modules],
        opt_level=OPTIMISATION,
        group_name="tocsin_core",
    )


setup(ext_modules=extensions())
