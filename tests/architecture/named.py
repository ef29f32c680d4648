"""Which tests a file holds, for pages that name them."""

import ast
from pathlib import Path


def names_in(path: Path) -> set[str]:
    """Return the names of all functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}
