"""What the steps of the pipeline pass on about one assessment, and how a step ends it.

A step returns the notice for the next step, or the decision that ends the pipeline. Each step
that decides something adds an entry with its code and reason; the entries become the rows of
`alerts.decision`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.differences import (
    AssessmentDifference,
    LastMessage,
    differences,
)
from services.alerts.decisions.domain.novelty import LastNotified, Novelty
from services.alerts.decisions.domain.policy import AlertPolicy, Routed
from services.alerts.decisions.domain.recovery import GreenSince
from services.alerts.decisions.domain.silence import Silence
from services.alerts.decisions.domain.storm import Storm
from services.alerts.primitives.vocabulary import DecisionCode, DecisionStep, Level, RiskState

RECOVERED_STATES = frozenset({RiskState.NORMAL, RiskState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """The borrower before this assessment: risk state, open alert, last notice, last message."""

    state: RiskState
    open_alert: Alert | None
    notified: LastNotified
    last_message: LastMessage | None = None
    green_since: GreenSince = field(default_factory=dict)

    @property
    def as_notified(self) -> "PriorState":
        """Returns the borrower in the state that people know.

        While a notice is held back, that is the state before it: what still stands when the hold
        ends is news again, and what has passed by then is none.
        """
        held = self.notified.held_state
        if held is None:
            return self
        return replace(self, state=held, notified=replace(self.notified, held_state=None))


class NewsKind(StrEnum):
    """What is new in an assessment."""

    RECOVERED = "RECOVERED"
    WITHDRAWN = "WITHDRAWN"
    CORRECTED = "CORRECTED"
    TIGHTENED = "TIGHTENED"
    RELAXED = "RELAXED"
    MONEY_CAME_AT_RISK = "MONEY_CAME_AT_RISK"
    NOVELTY = "NOVELTY"


# An end and a correction concern an alert that people have read, so they reach them in any case.
_NEVER_MUTED = frozenset({NewsKind.RECOVERED, NewsKind.WITHDRAWN, NewsKind.CORRECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is new, how severe it is and why.

    `novelty` is set for news within a state, `lost` are the reasons that a correction took away.
    """

    kind: NewsKind
    level: Level
    why: str
    novelty: Novelty | None = None
    lost: tuple[AssessmentDifference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldConditions:
    """What may hold a notice back besides the borrower's own history: silences and a storm."""

    silences: tuple[Silence, ...] = ()
    storm: Storm | None = None


NO_CONDITIONS = HoldConditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """What one step decided, and why; `rule_id` is the route, silence or storm that decided."""

    step: DecisionStep
    code: DecisionCode
    reason: str
    rule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDecision:
    """The changes to record, the last notice and message after them, and the reasons for either.

    `present` is an open alert that no change touches, with the figures of the assessment. The last
    of `entries` is the step that ended the pipeline.
    """

    changes: tuple[AlertChange, ...]
    notified: LastNotified
    entries: tuple[StepEntry, ...]
    last_message: LastMessage | None = None
    present: Alert | None = None
    green_since: GreenSince = field(default_factory=dict)

    @property
    def code(self) -> DecisionCode:
        """Returns the code of the step that ended the pipeline."""
        return self.entries[-1].code

    @property
    def reason(self) -> str:
        """Returns the reason of the step that ended the pipeline."""
        return self.entries[-1].reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotice:
    """A notice on its way through the pipeline.

    Attributes:
        before: The borrower as people know it.
        news: What is new; the first step sets it.
        opens: Whether an alert opens; otherwise the open one is updated or closed.
        routed: The owners by routing; the step that routes sets them.
    """

    assessment: AssessmentSummary
    before: PriorState
    policy: AlertPolicy
    conditions: HoldConditions = NO_CONDITIONS
    news: News | None = None
    opens: bool = False
    routed: Routed | None = None
    entries: tuple[StepEntry, ...] = ()

    @property
    def is_recovered(self) -> bool:
        """Returns whether the state is normal or the borrower closed."""
        return self.assessment.state in RECOVERED_STATES

    @property
    def is_money_at_risk(self) -> bool:
        """Returns whether the bank can lose money, or watches those where it cannot."""
        return self.assessment.is_money_at_risk or self.policy.watches_deposit_customers

    @property
    def may_wait(self) -> bool:
        """Returns whether a step may hold the news back; never a hard trigger or a default."""
        is_hard = self.what.level is Level.HARD or (
            self.what.kind is NewsKind.TIGHTENED and self.assessment.state is RiskState.DEFAULT
        )
        return not is_hard and self.what.kind not in _NEVER_MUTED

    @property
    def what(self) -> News:
        """Returns the news, which the first step has set."""
        assert self.news is not None
        return self.news

    def with_entry(self, entry: StepEntry) -> "PendingNotice":
        """Returns the notice with what a step decided."""
        return replace(self, entries=(*self.entries, entry))

    def end(
        self,
        entry: StepEntry,
        *,
        notified: LastNotified | None = None,
        changes: Sequence[AlertChange] = (),
    ) -> AlertDecision:
        """Ends the pipeline; without `notified` people know what they knew before."""
        return AlertDecision(
            changes=tuple(changes),
            notified=self.before.notified if notified is None else notified,
            entries=(*self.entries, entry),
        )

    def hold(self, entry: StepEntry) -> AlertDecision:
        """Ends the pipeline so that what still stands at the next assessment is news again."""
        is_same = self.assessment.state is self.before.state
        held_state = None if is_same else self.before.state
        return self.end(entry, notified=replace(self.before.notified, held_state=held_state))

    def differences(self) -> tuple[AssessmentDifference, ...]:
        """Returns what differs from the assessment that people read last."""
        last = self.before.last_message
        if last is None:
            last = replace(
                self.assessment.as_message(was_sent=False), state=self.before.state, levels={}
            )
        return differences(last, self.assessment.current)
