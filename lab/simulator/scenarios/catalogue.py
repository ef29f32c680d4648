"""All the stories, how often each is dealt, and who can live through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Protocol

from lab.simulator.scenarios import (
    cash_flow_crunch,
    healthy,
    just_begun,
    line_overuse,
    lost_main_customer,
    margin_squeeze,
    one_off_late_payer,
    over_leverage,
    recovery,
    seasonal_dip,
    slow_drain,
    statement_withheld,
    sudden_default,
    technical_late_payment,
)
from lab.simulator.scenarios.conditions import Story

ANY = ("RETAIL", "MICRO", "SME", "CORPORATE", "LARGE")
FIRMS = ("MICRO", "SME", "CORPORATE", "LARGE")
REPORTING = ("SME", "CORPORATE", "LARGE")


class Writer(Protocol):
    """Draws the details of a story for one borrower."""

    def __call__(self, rng: Random, *, start: int, horizon_days: int) -> Story:
        """Return the story of one borrower."""
        ...


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story that can be dealt."""

    write: Writer
    share_per_mille: int
    segments: tuple[str, ...]


# Twelve in a hundred live through distress and one of them gets over it, three more are at the
# beginning of it when the run ends: many more than in a real
# book (about two in a hundred a year), so that a small demo has something to show.
CATALOGUE: Mapping[str, Scenario] = {
    "lost_main_customer": Scenario(lost_main_customer.write, 22, ANY),
    "cash_flow_crunch": Scenario(cash_flow_crunch.write, 17, FIRMS),
    "margin_squeeze": Scenario(margin_squeeze.write, 16, FIRMS),
    "slow_drain": Scenario(slow_drain.write, 16, ANY),
    "line_overuse": Scenario(line_overuse.write, 14, REPORTING),
    "recovery": Scenario(recovery.write, 13, FIRMS),
    "statement_withheld": Scenario(statement_withheld.write, 12, REPORTING),
    "sudden_default": Scenario(sudden_default.write, 10, ANY),
    "over_leverage": Scenario(over_leverage.write, 10, REPORTING),
    "just_begun": Scenario(just_begun.write, 30, FIRMS),
    "seasonal_dip": Scenario(seasonal_dip.write, 40, FIRMS),
    "technical_late_payment": Scenario(technical_late_payment.write, 25, ANY),
    "one_off_late_payer": Scenario(one_off_late_payer.write, 25, ANY),
    "healthy": Scenario(healthy.write, 750, ANY),
}
