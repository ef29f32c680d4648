"""Writes the table of `tocsin score --table`: one row per assessment, every figure a typed column.

A feature table for models and analyses. Besides state, score and labels it has each component of
each indicator of the catalogue, also of those that have weight 0 or that the rulebook leaves out.
Needs pyarrow, the extra `tables`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.cli.errors import CommandError
from services.scoring.adapters.assessment_json import OPINIONS, UNIT_NAMES
from services.scoring.domain.borrower.risk import NOT_SCORED
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.indicators import registry
from services.scoring.domain.primitives.measurement import (
    LEVEL_NAMES,
    MEASURED,
    MICRO,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.regimes import labels
from services.scoring.domain.rulebook.rulebook import FAMILY_NAMES, Indicator, Rules

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

    from services.scoring.domain.assess.assessment import Assessment
    from services.scoring.domain.borrower.borrower import Borrower

ROWS_A_GROUP: Final = 5_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


class AssessmentTable:
    """Collects rows and writes them in groups; the file is complete once `closed` has ended."""

    def __init__(self, path: Path, rules: Rules) -> None:
        """Create the file. Raises `CommandError` where pyarrow is missing."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise CommandError(
                "A table needs pyarrow, which is not installed.",
                remedy="Run `pip install 'tocsin[tables]'`.",
            ) from error
        self._arrow = pyarrow
        self._schema = _schema(pyarrow, rules)
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def add(self, assessment: Assessment, borrower: Borrower, rules: Rules) -> None:
        """Add one row."""
        self._rows.append(row_of(assessment, borrower, rules))
        if len(self._rows) >= ROWS_A_GROUP:
            self._write()

    def _write(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows = []

    @contextmanager
    def closed(self) -> Iterator[AssessmentTable]:
        """Yield the table, and close its file at the end."""
        try:
            yield self
            self._write()
        finally:
            self._writer.close()


def row_of(assessment: Assessment, borrower: Borrower, rules: Rules) -> Row:
    """Return one assessment as a row: column name to value, None where there is no figure."""
    row: Row = {
        "borrower_id": assessment.borrower_id,
        "as_of": date.fromordinal(assessment.as_of),
        "at": EPOCH + timedelta(microseconds=assessment.at_us),
        "cause": assessment.cause.type,
        "segment": assessment.segment,
        "state": assessment.state,
        "state_since": date.fromordinal(assessment.state_since) if assessment.state_since else None,
        "score": assessment.score * 100 / MICRO,
        "days_late": assessment.days_late,
        "dpd_operational": assessment.dpd_operational,
        "dpd_regulatory": assessment.dpd_regulatory,
        "completeness": assessment.completeness / MICRO,
        "low_confidence": assessment.low_confidence,
        "flags": assessment.flags,
        "rulebook": assessment.rulebook,
        "rulebook_version": assessment.rulebook_version,
    }
    for family, figure in zip(FAMILY_NAMES, assessment.family_scores, strict=True):
        row[f"family.{family}"] = None if figure == NOT_SCORED else figure / MICRO
    for name, label in assessment.regimes.items():
        row[f"regime.{name}"] = label
    for role, opinion in zip(OPINIONS, assessment.opinions, strict=False):
        row[role] = opinion.value / MICRO
    for indicator in registry.ALL:
        row |= _figures(indicator, borrower, rules, assessment.as_of)
    return row


def _figures(indicator: Indicator, borrower: Borrower, rules: Rules, as_of: int) -> Row:
    """Return what an indicator measures now, each component, and the level that was given."""
    measurement = indicator.measure(borrower, as_of, rules)
    status = measurement.status
    row: Row = {f"{indicator.id}.status": "measured"}
    if status != MEASURED:
        reason = Reason(measurement.reason).name.lower() if status == UNMEASURABLE else ""
        row[f"{indicator.id}.status"] = reason or "not_applicable"
        return row
    for component, value in zip(indicator.components, measurement.values, strict=True):
        row[f"{indicator.id}.{component.name}"] = None if value is None else value / MICRO
    if rules.by_slot[indicator.slot] is not None:
        row[f"{indicator.id}.level"] = LEVEL_NAMES[borrower.signals.level[indicator.slot]]
    return row


def _schema(arrow: Any, rules: Rules) -> pyarrow.Schema:
    """Return the columns; a figure's unit stands in its metadata."""
    word = arrow.dictionary(arrow.int32(), arrow.string())
    columns = {
        "borrower_id": arrow.string(),
        "as_of": arrow.date32(),
        "at": arrow.timestamp("us", tz="UTC"),
        "cause": word,
        "segment": word,
        "state": word,
        "state_since": arrow.date32(),
        "score": arrow.float64(),
        "days_late": arrow.int32(),
        "dpd_operational": arrow.int32(),
        "dpd_regulatory": arrow.int32(),
        "completeness": arrow.float64(),
        "low_confidence": arrow.bool_(),
        "flags": arrow.list_(arrow.string()),
        "rulebook": word,
        "rulebook_version": word,
        **{f"family.{family}": arrow.float64() for family in FAMILY_NAMES},
        **{
            f"regime.{name}": arrow.bool_() if isinstance(label, bool) else word
            for name, label in _every_label(rules).items()
        },
        **{role: arrow.float64() for role in OPINIONS},
    }
    fields = [arrow.field(name, kind) for name, kind in columns.items()]
    for indicator in registry.ALL:
        fields += [
            arrow.field(
                f"{indicator.id}.{component.name}",
                arrow.float64(),
                metadata={"unit": UNIT_NAMES[component.unit], "name": indicator.name},
            )
            for component in indicator.components
        ]
        fields += [arrow.field(f"{indicator.id}.{each}", word) for each in ("level", "status")]
    return arrow.schema(fields)


def _every_label(rules: Rules) -> labels.Labels:
    """Return the labels of a new borrower under all regimes: their names, and what they hold."""
    counting = replace(rules.counting, regimes=labels.ALL)
    return labels.labels(new_borrower(""), replace(rules, counting=counting), 0)
