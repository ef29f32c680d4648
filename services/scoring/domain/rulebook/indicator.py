"""What an indicator is: its name, family, inputs and one pure function from facts to a figure.

One module per subject declares its indicators in a tuple ``INDICATORS``; `registry` collects them.
Thresholds, weights, knots and decay are *not* here: they are the rulebook's. An indicator only
knows how to measure.

Must stay true: ``measure`` reads facts and changes nothing; ``inputs`` names every kind of fact it
reads, because an event re-evaluates exactly the indicators whose inputs it touched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.scoring.domain.borrower.signals import slot_of
from services.scoring.domain.primitives.measurement import Measurement, Unit

if TYPE_CHECKING:
    from services.scoring.domain.borrower.borrower import Borrower
    from services.scoring.domain.rulebook.rulebook import Rules

# Kinds of fact, as bits. An event's mask says what it touched; a day close touches DAY, and those
# of MONTHS, DUES and the other days named below that it brings. The finer the bits, the less
# is measured twice.
PROFILE: Final = 1
LOANS: Final = 2
PAYMENTS: Final = 4
CREDITS: Final = 8
BALANCES: Final = 16
FACILITIES: Final = 32
STATEMENTS: Final = 64
BOUNCES: Final = 128
DAY: Final = 256
COLLATERAL: Final = 512
LINKS: Final = 1024
COVENANTS: Final = 2048
EXTERNAL: Final = 4096
PROMISES: Final = 8192
DEBITS: Final = 16384
# Sums of a month that is over, or another month being the newest one that is over: what most
# flows leave alone, so that indicators of full months are measured once a month.
MONTHS: Final = 32768
# Arrears or habits can look different without a payment: at a day close because an instalment fell
# due or ran out of its ten days, or something is unpaid; or because a line goes over its limit.
DUES: Final = 65536
# A day close for which the balances have not been judged yet.
BALANCE_DAY: Final = 131072
# The same for lines and their limits.
LINE_DAY: Final = 262144
# A day close on which a past delay may leave the memory of a year.
SCAR_DAY: Final = 524288
# Inspections and what officers found.
INSPECTIONS: Final = 1048576
# A day close of a borrower whose credit file holds something that a day can change.
FILE_DAY: Final = 2097152
# Who is told this borrower's state; no indicator reads it.
DEPENDANTS: Final = 4194304
# A flow with another lender, or a day close while one is recent enough to be called new.
LENDERS: Final = 1 << 23
# Wages came, or a day close on which they may be late or one run of them is complete.
WAGES: Final = 1 << 24
# A cash withdrawal, or a day close while there are any: until then other debits only thin them.
CASH: Final = 1 << 25
# A tax, social charge or utility bill was paid.
DUTIES: Final = 1 << 26
# A day close while something falls due soon, or did when it was judged last. What the day brought
# to the accounts is taken up then: nothing falls due before.
COVER: Final = 1 << 27
# Decisions of people and concessions; no indicator reads it, the state machine does.
DECISIONS: Final = 1 << 28
# A drawdown, a flow against its purpose soon after one, or a day close while one is recent.
PROCEEDS: Final = 1 << 31
# Money that is no revenue came in, or money went to or came from related parties; or a day close
# while either is inside its window.
OTHERS: Final = 1 << 29
FLOWS: Final = CREDITS | DEBITS | MONTHS | WAGES | CASH | DUTIES | LENDERS | PROCEEDS | OTHERS
# A day close that brings other figures about sectors.
SECTORS: Final = 1 << 32
# Every bit up to 32 but the thirtieth, which is `counters.PAST`.
EVERYTHING: Final = (1 << 33) - 1 - (1 << 30)

REPAYMENT: Final = 0
ACCOUNT: Final = 1
STATEMENT: Final = 2
COLLATERAL_GROUP: Final = 3
EXTERNAL_FAMILY: Final = 4
FAMILIES: Final = 5
FAMILY_NAMES: Final = ("REPAYMENT", "ACCOUNT", "STATEMENT", "COLLATERAL_GROUP", "EXTERNAL")

Measure = Callable[["Borrower", int, "Rules"], Measurement]
Evidence = Callable[["Borrower", int], list[str]]


@dataclass(frozen=True, slots=True)
class Arm:
    """One figure of an indicator. ``name`` is what rulebooks call it; ``label`` is for people."""

    name: str
    unit: Unit
    label: str = ""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue.

    Args:
        id: As in the catalogue, ``R-01``.
        name: A few plain words for a loan officer.
        family: One of REPAYMENT … EXTERNAL_FAMILY.
        group: Correlation group; inside (family, group) only the strongest indicator scores.
        risk_type: Key of the playbook, such as ``PAYMENT_DELAY``.
        arms: The figures that ``measure`` returns, in order; the first is the usual one.
        inputs: Bits of the kinds of fact that ``measure`` reads.
        measure: ``(borrower, as_of day ordinal, rules) -> Measurement``. During a day ``as_of`` is
            the event's business date; at the close of day D it is D, and windows include D.
        evidence: ``(borrower, as_of) -> references of events``; called only when an assessment is
            written, newest first, at most a handful.
    """

    id: str
    name: str
    family: int
    group: str
    risk_type: str
    arms: tuple[Arm, ...]
    inputs: int
    measure: Measure
    evidence: Evidence | None = None

    @property
    def slot(self) -> int:
        """Return the fixed position in `Signals`."""
        return slot_of(self.id)


def one_arm(unit: Unit, label: str = "") -> tuple[Arm, ...]:
    """Return the arms of an indicator with a single figure."""
    return (Arm("value", unit, label),)
