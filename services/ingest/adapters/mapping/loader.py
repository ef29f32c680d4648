"""Loads the mapping documents of a folder; every fault names the file and the field."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from pathlib import Path

import yaml
from pydantic import ValidationError

from services.ingest.adapters.mapping.document import MappingDocument
from services.ingest.adapters.mapping.expressions import BadExpression
from services.ingest.adapters.mapping.mapper import Mapper

_MAX_FAULTS_SHOWN = 5


class BadMapping(Exception):
    """A mapping document is invalid; the text names the field and the reason."""


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses duplicate keys, and does not read `NO` and `ON` as booleans."""


def _unique_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(
                problem=f"the key {key!r} is not a text; put it in quotes",
                problem_mark=key_node.start_mark,
            )
        if key in mapping:
            raise yaml.MarkedYAMLError(
                problem=f"the key {key!r} appears twice", problem_mark=key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)
# YAML 1.1 reads N, Y, no, yes, on and off as booleans, but they are common codes of banks.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_mappings(folder: Path, *, timezone: tzinfo, topic_prefix: str = "") -> dict[str, Mapper]:
    """Returns the mappings of a folder by raw topic, its prefix included.

    Raises:
        BadMapping: If the folder does not exist, one of its documents is invalid, or two of one
            source name different dates.
    """
    if not folder.is_dir():
        raise BadMapping(f"{folder} is not a folder; set TOCSIN_INGEST_MAPPINGS to the mappings")
    mappers: dict[str, Mapper] = {}
    for path in sorted(folder.glob("*.yaml")):
        mapper = load_mapping(path, timezone=timezone)
        topic = topic_prefix + mapper.topic
        if topic in mappers:
            raise BadMapping(
                f"{path.name}: {topic} is read by {mappers[topic].name} already; "
                "one mapping reads a topic"
            )
        mappers[topic] = mapper
    _check_dates(mappers.values())
    return mappers


def _check_dates(mappers: Iterable[Mapper]) -> None:
    named: dict[str, Mapper] = {}
    for mapper in mappers:
        if mapper.dates is None:
            continue
        first = named.setdefault(mapper.source, mapper)
        if first.dates != mapper.dates:
            raise BadMapping(
                f"{mapper.name}: `dates` differ from those of {first.name}, and both map "
                f"{mapper.source}; a source has one calendar and its tolerances once"
            )


def load_mapping(path: Path, *, timezone: tzinfo) -> Mapper:
    """Returns the mapping of a file.

    Raises:
        BadMapping: If it is invalid.
    """
    try:
        # The loader is a SafeLoader: it builds plain values only.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
        return Mapper(MappingDocument.model_validate(content), timezone=timezone)
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path.name} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise BadMapping(f"{path.name} is not YAML: {_yaml_fault(error)}") from error
    except ValidationError as error:
        raise BadMapping(f"{path.name}: {_faults(error)}") from error
    except BadExpression as error:
        raise BadMapping(f"{path.name}: {error}") from error


def _yaml_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or error}{where}"


def _faults(error: ValidationError) -> str:
    faults: Sequence[str] = [
        f"{'.'.join(str(step) for step in fault['loc']) or 'the document'}: "
        f"{fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    shown = "; ".join(faults[:_MAX_FAULTS_SHOWN])
    rest = len(faults) - _MAX_FAULTS_SHOWN
    return shown if rest <= 0 else f"{shown}; and {rest} more"
