"""Records people's decisions about a borrower, concessions and default: empty for nearly everybody.

`overrides` fills it from the log, `states` and the day counters read it. Must stay true: every
entry names who proposed, who approved and until when; nothing ends but at a day close (domain 4.3).
"""

from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.borrower.default_record import DefaultRecord
from services.scoring.domain.borrower.risk import FRAUD_RED_FLAG

# Codes of `vocabulary.OVERRIDE_KINDS`.
TIGHTEN: Final = 0
RELAX: Final = 1
UNLIKELY_TO_PAY: Final = 2
LIFT_UNLIKELY_TO_PAY: Final = 3
TECHNICAL: Final = 4
EXCEPTION: Final = 5
SCORE: Final = 6
FLAG: Final = 7
UNFLAG: Final = 8

NO_STATE: Final = -1


@dataclass(slots=True)
class Override:
    """One decision of two people, in force on days from ``from_day`` up to before ``until_day``.

    Args:
        kind: A code of the kinds above.
        state: The state that it sets or lets leave for, ``NO_STATE`` where it sets none.
        until_day: 0 where it is in force until it is lifted.
        loan_id: The loan whose arrears it is about, empty for all.
        points_micro: What it adds to the score, 1,000,000 being 100 points.
        flags: The flags that it sets.
        trigger: For unlikeliness to pay, why: a word of `vocabulary.UTP_TRIGGERS`.
    """

    override_id: str
    ref: str
    kind: int
    state: int
    reason: str
    actor: str
    approver: str
    from_day: int
    until_day: int = 0
    loan_id: str = ""
    points_micro: int = 0
    flags: int = 0
    trigger: str = ""

    @property
    def is_tightening(self) -> bool:
        """Return whether its lapse would be a relief that nobody decided."""
        if self.kind in (TIGHTEN, UNLIKELY_TO_PAY):
            return True
        return self.kind == FLAG and bool(self.flags & FRAUD_RED_FLAG)

    def is_in_force(self, day: int) -> bool:
        """Return whether it counts on the day; one that tightens counts until people end it."""
        has_lapsed = 0 < self.until_day <= day and not self.is_tightening
        return self.from_day <= day and not has_lapsed

    def is_review_due(self, day: int) -> bool:
        """Return whether it has expired and people must decide what follows."""
        return self.is_tightening and 0 < self.until_day <= day


@dataclass(slots=True)
class Forbearance:
    """The concessions to a borrower in difficulty; ``measure_day`` 0 while there are none.

    Args:
        measure_day: When the newest concession took effect.
        grace_end_day: The end of the grace period that it granted, 0 for none.
        npv_loss_micro: The loss of present value that it brought.
        is_weighed: Whether the newest concession has been judged.
        probation_day: Since when the borrower is forborne and performing, 0 while it is not.
        months_due: Months of this probation in which something fell due.
        months_paid: Those of them in which more than an insignificant part was paid.
        formerly_day: Since when it is both forborne and formerly non-performing, 0 for not.
        is_presumed: Whether nothing but the borrower's state makes its measures concessions.
        measures: What the event did that may be one: the loan or line, and the day. Never stored.
    """

    measure_day: int = 0
    grace_end_day: int = 0
    npv_loss_micro: int = 0
    is_weighed: bool = True
    probation_day: int = 0
    months_due: int = 0
    months_paid: int = 0
    formerly_day: int = 0
    is_presumed: bool = False
    measures: list[tuple[str, int]] = field(default_factory=list, compare=False, repr=False)


@dataclass(slots=True)
class Decisions:
    """All decisions, the concessions, and the record of default."""

    overrides: list[Override] = field(default_factory=list)
    forbearance: Forbearance = field(default_factory=Forbearance)
    default: DefaultRecord = field(default_factory=DefaultRecord)

    def reviews_due(self, day: int) -> list[Override]:
        """Return the decisions that tighten, have expired, and wait for people."""
        return [override for override in self.overrides if override.is_review_due(day)]

    def in_force(self, day: int) -> list[Override]:
        """Return the decisions that count on the day."""
        if not self.overrides:
            return self.overrides
        return [override for override in self.overrides if override.is_in_force(day)]


def score_override(decisions: Decisions, day: int) -> int:
    """Return what people added to the score, micro-units."""
    return sum(
        override.points_micro for override in decisions.in_force(day) if override.kind == SCORE
    )
