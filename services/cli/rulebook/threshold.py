"""`tocsin rulebook threshold`: sets one indicator's amber threshold by how often it may alert."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.cli.errors import CommandError
from services.cli.options import DEFAULT_ZONE, AsJson, EventFile, Part, TimeZone
from services.cli.outcome_files import part_from
from services.cli.rulebook.calibrate import HistoryFilter, Profile, healthy_histories
from services.cli.rulebook_files import usable_rulebook
from services.scoring.adapters.calibration import WARM_UP_DAYS, History
from services.scoring.adapters.rulebook_edits import with_amber, with_version
from services.scoring.adapters.rulebook_reader import load_rulebook, path_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.portfolio.outcomes import (
    BorrowerOutcome,
    BudgetFigures,
    StateHistory,
    at_budget,
)
from services.scoring.domain.primitives.measurement import MEASURED
from services.scoring.domain.rulebook import diff
from services.scoring.domain.rulebook.rulebook import IndicatorRule, Rulebook, Rules
from services.scoring.domain.rulebook.thresholds import Threshold


def threshold(
    file: EventFile,
    indicator: Annotated[str, typer.Argument(help="An indicator with one component: A-19.")],
    alerts: Annotated[
        float, typer.Option(min=0, help="Most alerts per healthy borrower and year.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
    rulebook: Annotated[str, typer.Option(help="The rulebook to start from.")] = "default",
    profile: Profile = "",
    warm_up: Annotated[
        int, typer.Option(min=0, help="Days of each borrower left out.")
    ] = WARM_UP_DAYS,
    silence: Annotated[int, typer.Option(min=0, help="Days without a second alert.")] = 30,
    population: Annotated[
        str, typer.Option(help="A description of the history; written with the threshold.")
    ] = "",
    version: Annotated[str, typer.Option(help="The draft's version; unchanged if left out.")] = "",
    part: Part = "1/1",
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Set one indicator's amber threshold from a number of alerts, in a draft.

    Nothing is activated. An alert is a day close at which the figure comes to the threshold. The
    threshold is the mildest at which healthy borrowers cause no more alerts a year. Borrowers for
    whom an overlay has other thresholds of the indicator are left out. Knots and the red threshold
    stay as they are.

    Examples:

        tocsin rulebook threshold events.ndjson A-19 --alerts 2 --warm-up 30 --out draft.yaml
    """
    rules = usable_rulebook(rulebook)
    rule = _of_one_component(rules, indicator)
    chosen = HistoryFilter(warm_up, part_from(part), profile, hidden=as_json)
    measured = _measured(rules, file, ZoneInfo(timezone), rule, chosen)
    reached = at_budget(measured, alerts, silence, 0)
    if reached is None:
        raise CommandError(
            f"{indicator} is measured for no healthy borrower of {file}.",
            remedy="Give a longer or larger history, or check --warm-up, --profile and overlays.",
        )
    text = _amber(rule, reached, alerts)
    last_day = max(history.days[-1] for history in measured)
    origin = (
        f"{alerts:g} alerts a healthy borrower and year, {len(measured)} borrowers of "
        f"{population or Path(file).name}, {date.fromordinal(last_day)}"
    )
    draft = with_version(path_of(rulebook).read_text(encoding="utf-8"), version or rules.version)
    out.write_text(with_amber(draft, indicator, text, origin), encoding="utf-8")
    load_rulebook(str(out))
    rate = reached.alerts_per_healthy_year
    typer.echo(
        f"{indicator} amber {text}: {rate:.3f} alerts a healthy borrower and year.", err=True
    )
    typer.echo(f"Set on {origin}. Draft: {out}", err=True)
    if as_json:
        print(json.dumps({"draft": str(out), "amber": text, "alerts_per_healthy_year": rate}))


def _of_one_component(rules: Rulebook, indicator: str) -> IndicatorRule:
    """Return the rule of an indicator whose amber threshold one figure decides."""
    slots = {rule.indicator.id: slot for slot, rule in rules.indicators.items()}
    if indicator not in slots:
        raise CommandError(
            f"{rules.name} has no indicator {indicator}.",
            remedy="tocsin rulebook check lists them.",
        )
    rule = rules.indicators[slots[indicator]]
    if len(rule.components) > 1 or rule.components[0] is None or not rule.components[0].amber:
        raise CommandError(
            f"{indicator} has no amber threshold of one figure.",
            remedy="Choose an indicator with one component, such as A-19.",
        )
    return rule


def _measured(
    rules: Rulebook, file: str, zone: ZoneInfo, rule: IndicatorRule, chosen: HistoryFilter
) -> list[StateHistory]:
    """Return the healthy borrowers' figures of the indicator, higher being worse."""

    def figure_of(borrower: Borrower, own: Rules) -> int | None:
        used = own.by_slot[rule.slot]
        is_of_base = used is not None and used.components == rule.components
        is_measured = borrower.signals.status[rule.slot] == MEASURED
        return borrower.signals.value[rule.slot] if is_of_base and is_measured else None

    healthy, _ = healthy_histories(rules, file, zone, chosen, figure_of)
    series = [_series(history, _sign(rule)) for history in healthy]
    return [each for each in series if each.days]


def _sign(rule: IndicatorRule) -> int:
    component = rule.components[0]
    return 1 if component is not None and component.amber and component.amber.rising else -1


def _series(history: History, sign: int) -> StateHistory:
    series = StateHistory(BorrowerOutcome("", None), history.segment)
    closes = zip(history.series.days, history.series.weights, history.figures, strict=True)
    for day, weight, figure in closes:
        if weight and figure is not None:
            series.days.append(day)
            series.figures.append(float(sign * figure))
    return series


def _amber(rule: IndicatorRule, reached: BudgetFigures, alerts: float) -> str:
    """Return the threshold as it is written; end the command where it would be red."""
    component, unit = rule.components[0], rule.indicator.components[0].unit
    assert component is not None
    sign = _sign(rule)
    limit = Threshold(sign * round(reached.cut), sign > 0, strict=False)
    text = diff.threshold(limit, unit)
    is_red = component.red is not None and component.red.reached(limit.value)
    if is_red or reached.alerts_per_healthy_year > alerts:
        raise CommandError(
            f"{alerts:g} alerts a year need {rule.indicator.id} {text} or worse, which is red.",
            remedy="Allow more alerts, or move red first.",
        )
    return text
