"""Plays one story: its events through the real door, fold, closes, state bytes and readers.

A story is one borrower and the control events of its partition. What a 202 promises is checked
after every event and every close; the first broken promise ends the story.
"""

import json
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from services.alerts.decisions.adapters import assessment_wire
from services.contracts.registry import EVENT_TYPES, EventSender
from services.contracts.rejection import EventRejected
from services.contracts.strict_json import encode_canonical, read_json
from services.contracts.validation import ValidEvent, validate
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import Input, InputChannel
from services.ingest.domain.candidate import Candidate
from services.scoring.adapters.assessment_json import risk_event
from services.scoring.adapters.codec import effect_event
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.application.borrower_queries import AssessmentView
from services.scoring.domain.assess.assessment import Cause
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import Outcome, fold, new_borrower
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline
from services.scoring.entrypoints.response_models import arrears_body, explanation_body
from services.wording.messages import Language
from tests.data_torture.events import TYPES, Document

BORROWER: Final = "B-1001"
ZONE: Final = ZoneInfo("Europe/Berlin")
FIRST_CLOSE: Final = date(2026, 3, 31).toordinal()
FIRST_ORDINAL: Final = date(1970, 1, 1).toordinal()
DAY_US: Final = 86_400_000_000
EVENTS_A_DAY: Final = 10
SHOWN_EVERY: Final = 7
MAY_SEND: Final = ("*", *(each.name_without_version for each in TYPES if each.to_every_partition))
MAX_EVENT_BYTES: Final = 262_144


class PromiseBroken(Exception):
    """What a 202 promises does not hold: the stage, the kind of error and its origin."""


@dataclass
class Played:
    """The result of a story."""

    counts: Counter[str] = field(default_factory=Counter)
    failure: str = ""
    trace: str = ""
    document: Document | None = None
    slowest: tuple[float, str] = (0.0, "")
    state_bytes: int = 0


class Story:
    """One borrower, and the control events of its partition."""

    def __init__(self, rulebook: str = "default") -> None:
        self.played = Played()
        self.borrower: Borrower = new_borrower(BORROWER)
        self._timeline = Timeline(
            Context(load_rulebook(rulebook)), lambda _: load_rulebook(rulebook)
        )
        self._validator = InputValidator(mappings={}, max_event_bytes=MAX_EVENT_BYTES)
        self._decoder = EventDecoder(ZONE)
        self._steps = 0

    def play(self, documents: list[Document], closes: int, random: Random) -> Self:
        """Plays the documents, some on each day, then the closes of quiet days."""
        day = FIRST_CLOSE
        try:
            for number, document in enumerate(documents, start=1):
                self.played.document = document
                self.offer(document)
                if number % EVENTS_A_DAY == 0:
                    self.close(day)
                    day += random.choice((1, 1, 1, 3))
            for quiet_day in range(day, day + closes):
                self.close(quiet_day)
        except PromiseBroken as broken:
            self.played.failure, self.played.trace = str(broken), traceback.format_exc()
        return self

    def offer(self, document: Document) -> bool:
        """Offers an event to ingest and folds it if it is accepted; returns whether it is."""
        raw = _kept("ingest", lambda: self._accepted(document))
        self.played.counts["accepted" if raw else "refused"] += 1
        if raw is not None:
            event = _kept(f"decode {document['type']}", lambda: self._decoder.decode(raw))
            self._apply(event, document["type"])
        return raw is not None

    def fold_logged(self, document: Document) -> None:
        """Folds an event that the ledger has from before a bound was tightened."""
        raw = encode_canonical(document)
        event = _kept(f"decode {document['type']}", lambda: self._decoder.decode(raw))
        self._apply(event, document["type"])

    def close(self, day: int) -> None:
        """Closes a day, as the clock does."""
        self.played.counts["closes"] += 1
        at_us = (day - FIRST_ORDINAL + 1) * DAY_US
        name = f"day-closed:{date.fromordinal(day)}"
        event = DayClosed("tocsin/clock", name, EVERYBODY, at_us, day, None, 0, day)
        self._apply(event, "day close")

    def _accepted(self, document: Document) -> bytes | None:
        raw = json.dumps(document).encode()
        if EVENT_TYPES[document["type"]].sender is not EventSender.SOURCES:
            return _valid_bytes(raw)
        given = Input(channel=InputChannel.HTTP, raw=raw, sources=("*",), may_send=MAY_SEND)
        candidate = self._validator.read(given)
        if not isinstance(candidate, Candidate):
            return None
        outcome = self._validator.validate(candidate, given=given)
        return outcome.value if isinstance(outcome, ValidEvent) else None

    def _apply(self, event: Event, kind: str) -> None:
        if event.borrower_id == EVERYBODY:
            _kept(f"control {kind}", lambda: self._timeline.apply_control_event(event))
            if not isinstance(event, DayClosed):
                return
        began = time.process_time()
        outcome = _kept(f"fold {kind}", lambda: fold(self.borrower, event, self._timeline.context))
        self.played.slowest = max(self.played.slowest, (time.process_time() - began, kind))
        self.borrower = outcome.borrower
        self._check_state()
        self._check_output(outcome)
        self._steps += 1
        if self._steps % SHOWN_EVERY == 0:
            _kept("explanation", lambda: self._show(event))

    def _check_state(self) -> None:
        stored = _kept("state", lambda: encode(self.borrower))
        restored = _kept("state", lambda: decode(stored))
        self.played.state_bytes = max(self.played.state_bytes, len(stored))
        if restored != self.borrower or encode(restored) != stored:
            raise PromiseBroken("state: the restored borrower is another one")

    def _check_output(self, outcome: Outcome) -> None:
        if outcome.assessment is not None:
            assessment = outcome.assessment
            raw = _kept("outbox assessment", lambda: risk_event(assessment))
            _check_schema(raw)
            _kept("alerts", lambda: assessment_wire.read(raw))
            self.played.counts["assessments"] += 1
        for effect in outcome.effects:
            _check_schema(_kept("outbox effect", lambda each=effect: effect_event(each)))
            self.played.counts["effects"] += 1

    def _show(self, event: Event) -> None:
        """Renders what REST shows of the borrower at any time."""
        rules = self._timeline.context.rules_for(self.borrower)
        own_day = 0 if event.borrower_id == EVERYBODY else event.day
        as_of = max(own_day, self.borrower.counters.closed_day)
        shown = snapshot(self.borrower, rules, as_of, event.at_us, Cause("a", "b", "c"))
        view = AssessmentView(assessment=shown, borrower=self.borrower, rules=rules)
        explanation_body(view, Language.ENGLISH)
        arrears_body(view)


def _valid_bytes(raw: bytes) -> bytes | None:
    """Returns the canonical bytes of an event that another service of ours writes."""
    document = read_json(raw)
    assert isinstance(document, dict)
    try:
        return validate(document).value
    except EventRejected:
        return None


def _check_schema(raw: bytes) -> None:
    """Checks an outbox message by the contract that its readers have."""
    try:
        validate(json.loads(raw))
    except EventRejected as error:
        raise PromiseBroken(f"schema: {error.detail[:120]}") from error


def _kept(stage: str, call: Callable[[], Any]) -> Any:
    """Returns what a call returns; any exception of it breaks a promise."""
    try:
        return call()
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [each for each in frames if "/services/" in each.filename]
        origin = (inside or frames)[-1]
        raise PromiseBroken(
            f"{stage}: {type(error).__name__} in {origin.filename.rpartition('/')[2]}:"
            f"{origin.name}: {str(error)[:90]}"
        ) from error
