"""The band in which an exchange rate needs nobody: near the rate of the nearest date before it.

A rate with a shifted decimal point moves materiality, exposure and default of every borrower in
that currency. A currency's first rate has nothing to be compared with, so it is a decision, as are
rates against another base currency than before. In a load of history, which an operator opened,
rates are taken without these rules: so a fresh installation gets its first ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.ingest.domain.reasons import Refusal, RefusalReason

# Major currencies move by less than a tenth in a day; the largest devaluations by more than half.
BAND: Final = Decimal("1.25")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRates:
    """What new rates are compared with.

    Attributes:
        bases: The base currencies of all rates that were taken.
        near: The rate of the nearest date for each currency, in units of the same base.
    """

    bases: frozenset[str]
    near: Mapping[str, Decimal]


def rates_refusal(
    base_currency: str, rates: Sequence[tuple[str, Decimal]], *, known: KnownRates
) -> Refusal | None:
    """Returns why rates wait for two people; None if they are taken."""
    if known.bases and base_currency not in known.bases:
        return _waits("/data/base_currency", f"{base_currency} was never the base currency")
    for index, (currency, rate) in enumerate(rates):
        last, pointer = known.near.get(currency), f"/data/rates/{index}/rate"
        if last is None:
            return _waits(pointer, f"it is the first rate of {currency} in {base_currency}")
        if not last / BAND <= rate <= last * BAND:
            return _waits(
                pointer, f"the rate of {currency} is not within a quarter of the last one, {last}"
            )
    return None


def _waits(pointer: str, detail: str) -> Refusal:
    return Refusal(reason=RefusalReason.AWAITS_APPROVAL, pointer=pointer, detail=detail)
