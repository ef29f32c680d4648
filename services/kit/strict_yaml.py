"""Reads YAML documents that people write: every scalar stays text, and no key is written twice.

YAML would read the id `0123` as a number, `no` as false, and take the last of two equal keys. The
model that reads the document decides what each text means.
"""

from typing import Any

import yaml


class InvalidYaml(ValueError):
    """The text is no YAML, has a key twice or an alias; the message names line and column."""


class StrictLoader(yaml.BaseLoader):
    """Refuses a key that is written twice, of which YAML would silently take the last.

    It refuses aliases too: a few lines of them stand for more values than memory has. Alone it
    constructs texts, lists and mappings; before a `SafeLoader` among the bases, plain values.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="an alias (*) is not allowed; write the value out", problem_mark=mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            name = repr(self.construct_object(key, deep=True))
            if name in names:
                raise yaml.MarkedYAMLError(
                    problem=f"{name} is written twice", problem_mark=key.start_mark
                )
            names.add(name)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """Returns the value of a document.

    Raises:
        InvalidYaml: If it cannot be read.
    """
    try:
        return yaml.load(text, Loader=StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InvalidYaml(f"{where}{error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidYaml(str(error)) from error
