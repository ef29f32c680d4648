"""Compile the ``states`` and ``cuts`` parts of a rulebook.

A rule's tests read like the catalogue: ``R-01 > 30 d``, ``F-18 red``, ``R-10 amber``.
"""

import re
from typing import Any, Final

from services.scoring.adapters.rulebook_fields import (
    Problems,
    read_list,
    read_mapping,
    read_micro,
    read_threshold,
    read_whole,
)
from services.scoring.adapters.rulebook_indicators import known_indicator
from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.primitives.measurement import AMBER, HARD, RED
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.policy import (
    EntryRule,
    ExitRule,
    ForbearanceRules,
    SignalTest,
    StatePolicy,
)
from services.scoring.domain.rulebook.rulebook import CUT_POINTS, Cuts

LEVELS: Final = {"amber": AMBER, "red": RED, "hard": HARD}
_TEST: Final = re.compile(r"([A-Z]-\d\d)\s+(.+)")
ENTRY_FIELDS: Final = {
    "id",
    "to",
    "text",
    "score",
    "amber_families",
    "reds",
    "red_families",
    "any_of",
    "at_least",
    "family_cut",
    "flags",
    "all_flags",
}
EXIT_FIELDS: Final = {
    "id",
    "from",
    "to",
    "automatic",
    "score_days",
    "dwell_days",
    "no_red",
    "no_arrears_days",
    "on_time",
    "no_hard_days",
    "statement_in_time",
    "months_without_default",
    "months_if_forborne",
    "dwell_months",
    "months_on_time",
    "months_on_time_sparse",
    "all_arrears_paid",
    "ability_assessed",
    "no_open_finding",
}
SWITCHES: Final = (
    "automatic",
    "no_red",
    "statement_in_time",
    "all_arrears_paid",
    "ability_assessed",
    "no_open_finding",
)
COUNTS: Final = tuple(sorted(EXIT_FIELDS - {"id", "from", "to"} - set(SWITCHES)))
FORBEARANCE_FIELDS: Final = {
    "npv_loss",
    "probation_months",
    "months_paid",
    "significant",
    "most_arrears_days",
}
LIMIT_FIELDS: Final = {
    "quiet_business_days",
    "least_completeness",
    "most_moves",
    "moves_window_days",
}


def compile_policy(part: object, problems: Problems) -> StatePolicy:
    """Return the state machine's rules, the worst target first."""
    fields = read_mapping(part, problems)
    problems.unknown_keys(fields, {"entry", "exit", "forbearance"} | LIMIT_FIELDS)
    with problems.at("entry"):
        entries = [_entry(one, problems) for one in read_list(fields.get("entry"), problems)]
    with problems.at("exit"):
        exits = [_exit(one, problems) for one in read_list(fields.get("exit"), problems)]
    ids = [rule.id for rule in entries] + [rule.id for rule in exits]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        problems.add(f"rule id {twice!r} is used twice")
    compared = {test.slot for rule in entries for test in rule.tests if test.threshold is not None}
    return StatePolicy(
        entries=tuple(sorted(entries, key=lambda rule: -rule.to)),
        exits=tuple(exits),
        compared_slots=tuple(sorted(compared)),
        quiet_business_days=read_whole(fields.get("quiet_business_days", 10), problems),
        least_completeness=read_micro(fields.get("least_completeness", "0.6"), problems),
        most_moves=read_whole(fields.get("most_moves", 3), problems),
        moves_window_days=read_whole(fields.get("moves_window_days", 90), problems),
        forbearance=_forbearance(fields.get("forbearance"), problems),
    )


def _forbearance(part: object, problems: Problems) -> ForbearanceRules:
    with problems.at("forbearance"):
        fields = read_mapping(part, problems)
        problems.unknown_keys(fields, FORBEARANCE_FIELDS)
        return ForbearanceRules(
            npv_loss_micro=read_micro(fields.get("npv_loss", "0.01"), problems),
            probation_months=read_whole(fields.get("probation_months", 24), problems),
            months_paid_micro=read_micro(fields.get("months_paid", "0.5"), problems),
            significant_micro=read_micro(fields.get("significant", "0.1"), problems),
            most_arrears_days=read_whole(fields.get("most_arrears_days", 30), problems),
        )


def _state(name: object, problems: Problems) -> int:
    if name not in STATE_NAMES:
        problems.add(f"unknown state {name!r}; known ones: {', '.join(STATE_NAMES)}")
        return 0
    return STATE_NAMES.index(str(name))


def _entry(one: object, problems: Problems) -> EntryRule:
    fields = read_mapping(one, problems)
    with problems.at(str(fields.get("id", "rule without id"))):
        problems.unknown_keys(fields, ENTRY_FIELDS)
        tests = [_test(text, problems) for text in read_list(fields.get("any_of"), problems)]
        has_score = bool(fields.get("score", False))
        has_family = bool(fields.get("family_cut", False))
        rule = EntryRule(
            id=str(fields.get("id", "")),
            to=_state(fields.get("to"), problems),
            text=str(fields.get("text", "")),
            hard=not (has_score or has_family),
            score=has_score,
            amber_families=read_whole(fields.get("amber_families", 0), problems),
            reds=read_whole(fields.get("reds", 0), problems),
            red_families=read_whole(fields.get("red_families", 0), problems),
            tests=tuple(test for test in tests if test is not None),
            tests_needed=read_whole(fields.get("at_least", 1), problems),
            family_cut=has_family,
            flags=_flags(fields.get("flags"), problems),
            all_flags=_flags(fields.get("all_flags"), problems),
        )
        if not (set(fields) - {"id", "to", "text", "at_least"}):
            problems.add("states no condition, so it would always be true")
    return rule


def _flags(names: object, problems: Problems) -> int:
    mask = 0
    for name in read_list(names, problems):
        if name in FLAG_NAMES:
            mask |= 1 << FLAG_NAMES.index(name)
        else:
            problems.add(f"unknown flag {name!r}; known ones: {', '.join(FLAG_NAMES)}")
    return mask


def _test(text: object, problems: Problems) -> SignalTest | None:
    match = _TEST.fullmatch(str(text).strip())
    if match is None:
        problems.add(f"{text!r} is not a test; write 'R-01 > 30 d' or 'F-08 red'")
        return None
    with problems.at(match[1]):
        indicator = known_indicator(match[1], problems)
        if indicator is None:
            return None
        unit = indicator.arms[0].unit
        if match[2] in LEVELS:
            return SignalTest(indicator.slot, indicator.id, unit, LEVELS[match[2]])
        if len(indicator.arms) > 1:
            problems.add("has several figures; test its level: amber, red or hard")
            return None
        threshold = read_threshold(match[2], unit, problems)
        if threshold is not None and threshold.reached(0):
            problems.add("would be true for a figure of 0; test a level instead, such as red")
    if threshold is None:
        return None
    return SignalTest(indicator.slot, indicator.id, unit, threshold=threshold)


def _exit(one: object, problems: Problems) -> ExitRule:
    fields = read_mapping(one, problems)
    with problems.at(str(fields.get("id", "rule without id"))):
        problems.unknown_keys(fields, EXIT_FIELDS)
        whole = {name: read_whole(fields.get(name, 0), problems) for name in COUNTS}
        switches = {name: bool(fields.get(name, False)) for name in SWITCHES}
        # mypy cannot tell the two kinds of field apart behind a mapping.
        return ExitRule(
            str(fields.get("id", "")),
            _state(fields.get("from"), problems),
            _state(fields.get("to"), problems),
            **whole,  # type: ignore[arg-type]
            **switches,
        )


def compile_cuts(part: object, problems: Problems) -> dict[str, Cuts]:
    """Return the cuts by segment; ``*`` is for every segment that has none of its own."""
    by_segment = read_mapping(part, problems)
    if "*" not in by_segment:
        problems.add('the cuts for "*" are missing: they hold where a segment has none of its own')
    compiled = {}
    for segment, entry in by_segment.items():
        with problems.at(segment):
            if segment not in ("*", *SEGMENTS):
                problems.add(f"unknown segment; known ones: *, {', '.join(SEGMENTS)}")
            compiled[segment] = read_cuts(entry, problems)
    return compiled


def read_cuts(entry: object, problems: Problems) -> Cuts:
    """Return one segment's cuts, in score points in the file."""
    fields = read_mapping(entry, problems)
    known = {*CUT_POINTS, "family", "family_days", "population", "budget", "date"}
    problems.unknown_keys(fields, known)
    points = [_points(fields, name, problems) for name in CUT_POINTS]
    for entered, left, name in zip(points[:3], points[3:], CUT_POINTS, strict=False):
        if left > entered:
            problems.add(f"{name}_exit must not lie above {name}: a state would flicker")
    if not points[0] <= points[1] <= points[2]:
        problems.add("attention, watch and high_risk must not fall")
    return Cuts(
        attention=points[0],
        watch=points[1],
        high_risk=points[2],
        attention_exit=points[3],
        watch_exit=points[4],
        high_risk_exit=points[5],
        family=read_micro(fields.get("family", 1), problems),
        family_days=read_whole(fields.get("family_days", 10), problems),
        population=str(fields.get("population", "")),
        budget=str(fields.get("budget", "")),
        set_on=str(fields.get("date", "")),
    )


def _points(fields: dict[str, Any], name: str, problems: Problems) -> int:
    with problems.at(name):
        return read_micro(fields.get(name, ""), problems, most="100") // 100
