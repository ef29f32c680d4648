"""A story as JSON for programs and as plain text for people."""

from typing import Any

from services.scoring.adapters.assessment_json import shown_day
from services.scoring.adapters.narrative.catalogues import Language, messages_in
from services.scoring.adapters.narrative.story import Story

Json = dict[str, Any]


def story_json(told: Story) -> Json:
    """Return the story as a JSON object."""
    changes, better = told.changes, told.better
    return {
        "language": told.language.value,
        "summary": told.summary,
        "why": told.why,
        "signals": [
            {
                "indicator": one.indicator,
                "name": one.name,
                "level": one.level,
                "text": one.text,
            }
            for one in told.signals
        ],
        "unmeasurable": told.unmeasurable,
        "changes": {
            "text": changes.text,
            "as_of": shown_day(changes.as_of) if changes.as_of is not None else None,
            "changes": changes.changes,
        },
        "better": {
            "text": better.text,
            "to": better.to,
            "conditions": [{"text": one.text, "met": one.is_met} for one in better.conditions],
            "signals": better.signals,
        },
        "worse": told.worse,
    }


def story_text(told: Story) -> str:
    """Return the story as paragraphs with headings, line feed included."""
    messages = messages_in(told.language)
    gap = "" if told.language is Language.CHINESE else " "
    signals = [f"{one.indicator} {one.name}: {one.text}" for one in told.signals]
    better = [
        f"[{messages.say('better.met' if one.is_met else 'better.open')}] {one.text}"
        for one in told.better.conditions
    ]
    lines = [gap.join(told.summary)]
    for heading, first, rest in (
        ("why", "", told.why),
        ("signals", "", signals or [messages.say("signal.nothing")]),
        ("gaps", "", told.unmeasurable),
        ("changes", told.changes.text, told.changes.changes),
        ("better", told.better.text, [*better, *told.better.signals]),
        ("worse", "", [told.worse] if told.worse else []),
    ):
        if first or rest:
            lines += ["", messages.say(f"heading.{heading}")]
            lines += [first] if first else []
            lines += [f"- {line}" for line in rest]
    return "\n".join(lines) + "\n"
