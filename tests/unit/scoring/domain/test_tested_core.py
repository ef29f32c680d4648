"""The tests of the core run on what they are meant to run on, source or machine code."""

import importlib
import os
import pkgutil

from services.scoring import domain


def test_every_module_of_the_core_is_interpreted_or_every_one_is_compiled() -> None:
    """`make compiled` says that it tests the compiled core; nothing else does."""
    is_compiled = {
        name: not str(importlib.import_module(name).__file__).endswith(".py")
        for _, name, is_package in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}.")
        if not is_package
    }
    wanted = os.environ.get("TESTED_CORE") == "compiled"
    assert [name for name, compiled in is_compiled.items() if compiled is not wanted] == []
    assert len(is_compiled) > 40
