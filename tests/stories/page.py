"""Writes docs/stories.md: each story as a credit officer reads it."""

from collections.abc import Iterator
from typing import Final

from services.scoring.adapters.narrative.narrative import Narrative
from services.wording.messages import Language
from tests.stories.catalogue import THEMES, stories_of
from tests.stories.story import Moment, WrittenStory, played

_INTRODUCTION: Final = """# Stories

What the rulebook `default` must make of a borrower's life, by date. Each story is a test: it runs
through the same fold as in production, with every day closed. The texts are those that an officer
reads: the state, and why it changed. `tests/stories` has the stories; `python -m tests.reference`
writes this page from them.

Where a line gives a second state in brackets, that is what comes out at present, and the test is
marked as expected to fail.
"""
_HEADING: Final = "| date | what happened | must be | what an officer reads |\n|---|---|---|---|"
_OTHERS: Final = ((Language.SPANISH, "Spanish"), (Language.CHINESE, "Chinese"))
_LABELS: Final = {
    "eu_default": {True: "EU default", False: "no EU default"},
    "npe": {True: "non-performing", False: "performing"},
    "ifrs9": {f"STAGE_{number}": f"IFRS 9 stage {number}" for number in (1, 2, 3)},
}


def document() -> str:
    """Return docs/stories.md."""
    parts = [_INTRODUCTION]
    for theme in THEMES:
        heading = (theme.__doc__ or "").splitlines()[0].rstrip(".")
        parts.append(f"## {heading}\n")
        parts += [_story(written) for written in stories_of(theme)]
    return "\n".join(parts)


def _story(written: WrittenStory) -> str:
    moments = played(written).moments
    rows = [_row(moment) for moment in moments]
    lines = [f"### {written.title}", "", written.about, "", _HEADING, *rows, ""]
    last = next((moment for moment in reversed(moments) if moment.texts), None)
    if last is not None:
        for language, name in _OTHERS:
            lines += [f"In {name}: {_read(last.texts[language], language)}", ""]
    return "\n".join(lines)


def _row(moment: Moment) -> str:
    text = _read(moment.texts[Language.ENGLISH], Language.ENGLISH) if moment.texts else ""
    state = moment.state
    if state and moment.got not in state.split(" or "):
        state += f" ({moment.got})"
    must = "<br>".join([state, *_musts(moment)])
    return f"| {moment.date} | {moment.happened} | {must} | {text} |"


def _musts(moment: Moment) -> Iterator[str]:
    """Return what must be true besides the state, each in a few words."""
    for name, wanted in moment.must.items():
        if name == "flags":
            yield from str(wanted).split()
        elif name == "without":
            yield from (f"not {flag}" for flag in str(wanted).split())
        elif name == "lit":
            yield f"lit: {', '.join(str(wanted).split())}"
        elif name != "reads":
            yield _label(name, wanted)


def _label(name: str, wanted: object) -> str:
    if isinstance(wanted, tuple):
        first, *others = (_label(name, value) for value in wanted)
        return " or ".join([first, *(other.rpartition(" ")[2] for other in others)])
    known = _LABELS.get(name, {})
    regime = {"rbi": "India", "china": "China"}.get(name, name)
    return known[wanted] if wanted in known else f"{regime} {wanted}".replace("_", " ")


def _read(narrative: Narrative, language: Language) -> str:
    gap = "" if language is Language.CHINESE else " "
    why = narrative.why
    return gap.join([narrative.summary[0], why.text, *why.tests]).strip().replace("|", "/")
