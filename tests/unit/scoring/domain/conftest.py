"""The coverage table is compared after all other tests of this folder, and only where all ran.

A worker of pytest-xdist runs only a part of them; `make check` runs this folder in one process.
"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAST = "test_indicator_coverage.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the comparison last; leave it out where only some of the tests were selected."""
    last = [item for item in items if item.path.name == LAST]
    if not last:
        return
    others = [item for item in items if item.path.name != LAST]
    collected = {item.path.name for item in others if item.path.parent == HERE}
    wanted = {path.name for path in HERE.glob("test_*.py")} - {LAST}
    is_shared_out = "PYTEST_XDIST_WORKER" in os.environ
    is_narrowed = config.option.keyword or any("::" in arg for arg in config.args)
    if wanted <= collected and not is_narrowed and not is_shared_out:
        items[:] = others + last
        return
    items[:] = others
    config.hook.pytest_deselected(items=last)
