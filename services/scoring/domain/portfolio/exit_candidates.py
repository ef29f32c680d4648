"""Lists whom to part with in good time: borrowers who still pay and whose prospects do not.

Called on request. An exit planned while a borrower pays costs least; from
default on it is workout, which is another list. Each reason is a fact that an officer can check;
two reasons, or the mark EXIT_LIST that two people set, put a borrower on the list.

Must stay true: reads the borrower, changes nothing, and proposes only.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.assess.outlook import near_state
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    EXIT_LIST,
    HIGH_RISK,
    STATE_NAMES,
    WATCH,
    slot_of,
)
from services.scoring.domain.primitives.measurement import (
    AMBER,
    MICRO,
    micro_ratio,
    rounded_quotient,
)
from services.scoring.domain.rulebook.rulebook import STATEMENT, Rules

FEWEST_REASONS: Final = 2
LONG_DAYS: Final = 90
WEAK_FAMILY: Final = 400_000
PD_TIMES: Final = 2 * MICRO
# Loss given default where nothing better is known: the foundation approach's 45 % for unsecured.
LOSS_SHARE: Final = 450_000
COVER_SLOTS: Final = (slot_of("C-01"), slot_of("C-03"), slot_of("F-18"))

LISTED: Final = "LISTED"
LONG_ON_WATCH: Final = "LONG_ON_WATCH"
WORSENING: Final = "WORSENING"
NEAR_NEXT_STATE: Final = "NEAR_NEXT_STATE"
PD_RISEN: Final = "PD_RISEN"
WEAK_FIGURES: Final = "WEAK_FIGURES"
POOR_PROTECTION: Final = "POOR_PROTECTION"
UNPROFITABLE: Final = "UNPROFITABLE"


@dataclass(slots=True)
class ExitCandidate:
    """One borrower of the list; ``margin_micro`` is the yearly rate less the expected loss."""

    borrower_id: str
    state: str
    score: int
    exposure_minor: int
    currency: str
    reasons: list[str]
    margin_micro: int | None


def exit_candidate(borrower: Borrower, rules: Rules, as_of: int) -> ExitCandidate | None:
    """Return the borrower as a candidate, or None where it is none."""
    risk, exposure = borrower.risk, borrower.counters.exposure_minor
    if exposure <= 0 or risk.state > HIGH_RISK or borrower.counters.regulatory_days:
        return None
    margin = expected_margin(borrower)
    checks = (
        (LISTED, bool(risk.flags & EXIT_LIST)),
        (LONG_ON_WATCH, risk.state >= WATCH and as_of - risk.since >= LONG_DAYS),
        (WORSENING, risk.tightened_on > 0 and as_of - risk.tightened_on < LONG_DAYS),
        (NEAR_NEXT_STATE, _is_near_next(borrower, rules)),
        (PD_RISEN, _has_pd_risen(borrower)),
        (WEAK_FIGURES, risk.families[STATEMENT] >= WEAK_FAMILY),
        (POOR_PROTECTION, any(borrower.signals.level[slot] >= AMBER for slot in COVER_SLOTS)),
        (UNPROFITABLE, margin is not None and margin < 0),
    )
    reasons = [code for code, holds in checks if holds]
    if LISTED not in reasons and len(reasons) < FEWEST_REASONS:
        return None
    return ExitCandidate(
        borrower_id=borrower.borrower_id,
        state=STATE_NAMES[risk.state],
        score=risk.shown_score,
        exposure_minor=exposure,
        currency=borrower.profile.reporting_currency,
        reasons=reasons,
        margin_micro=margin,
    )


def _is_near_next(borrower: Borrower, rules: Rules) -> bool:
    return borrower.risk.state >= ATTENTION and near_state(borrower, rules) is not None


def _has_pd_risen(borrower: Borrower) -> bool:
    before, now = borrower.profile.origination_pd_micro, borrower.profile.current_pd_micro
    if not before or now is None:
        return False
    return micro_ratio(now, before) >= PD_TIMES


def expected_margin(borrower: Borrower) -> int | None:
    """Return the mean yearly rate, weighted by principal, less PD x 45 %; None if not known.

    Rough on purpose: without funding and running costs it flatters, so a negative one is certain.
    """
    now = borrower.profile.current_pd_micro
    priced = [
        (loan.principal_minor or loan.limit_minor or 0, loan.rate_micro)
        for loan in borrower.loans
        if loan.closed_day is None and loan.rate_micro is not None
    ]
    weight = sum(size for size, _ in priced)
    if now is None or not weight:
        return None
    rate = rounded_quotient(sum(size * (margin or 0) for size, margin in priced), weight)
    return rate - rounded_quotient(now * LOSS_SHARE, MICRO)


def rank(candidate: ExitCandidate) -> tuple[bool, int, int, str]:
    """Return the sort key: listed first, then more reasons, then the higher score."""
    return (
        LISTED not in candidate.reasons,
        -len(candidate.reasons),
        -candidate.score,
        candidate.borrower_id,
    )
