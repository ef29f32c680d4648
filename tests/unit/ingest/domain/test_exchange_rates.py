"""Exchange rates near the last one need nobody."""

from decimal import Decimal

import pytest

from services.ingest.domain.exchange_rates import KnownRates, rates_refusal
from services.ingest.domain.reasons import RefusalReason

KNOWN = KnownRates(bases=frozenset({"EUR"}), near={"USD": Decimal("0.80")})


@pytest.mark.parametrize(
    ("rate", "is_taken"),
    [
        # 0.80 / 1.25 is 0.64, and 0.80 x 1.25 is 1.00.
        ("0.64", True),
        ("0.6399", False),
        ("1.00", True),
        ("1.0001", False),
        ("80", False),
        ("0.008", False),
        ("0", False),
        ("-0.80", False),
    ],
)
def test_a_rate_is_within_a_quarter_of_the_last(rate: str, is_taken: bool) -> None:
    refusal = rates_refusal("EUR", [("USD", Decimal(rate))], known=KNOWN)
    assert (refusal is None) is is_taken


def test_the_pointer_names_the_rate() -> None:
    rates = [("USD", Decimal(1)), ("USD", Decimal("0.8")), ("USD", Decimal(8))]
    refusal = rates_refusal("EUR", rates, known=KNOWN)
    assert refusal is not None
    assert refusal.pointer == "/data/rates/2/rate"


def test_the_first_rate_of_a_currency_waits() -> None:
    refusal = rates_refusal("EUR", [("USD", Decimal("0.8")), ("CHF", Decimal(1))], known=KNOWN)
    assert refusal is not None
    assert (refusal.reason, refusal.pointer) == (
        RefusalReason.AWAITS_APPROVAL,
        "/data/rates/1/rate",
    )


def test_another_base_currency_waits() -> None:
    refusal = rates_refusal("USD", [("EUR", Decimal(1))], known=KNOWN)
    assert refusal is not None
    assert refusal.pointer == "/data/base_currency"
