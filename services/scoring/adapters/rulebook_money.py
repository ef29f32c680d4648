"""Read amounts of a rulebook: ``{EUR: "500.00"}``, in major units, into minor units."""

from decimal import Decimal, InvalidOperation

from services.contracts.currencies import decimals_of
from services.scoring.adapters.rulebook_fields import Problems, read_mapping


def read_amounts(part: object, problems: Problems) -> dict[str, int]:
    """Return the amounts in minor units by currency."""
    amounts = {}
    for currency, value in read_mapping(part, problems).items():
        with problems.at(currency):
            try:
                minor = Decimal(str(value)).scaleb(decimals_of(currency))
            except InvalidOperation:
                problems.add(f"{value!r} is not an amount; write for example 500.00")
                continue
            if minor != minor.to_integral_value() or minor < 0:
                problems.add(f"{value!r} must not be negative or finer than the currency")
                continue
            amounts[currency] = int(minor)
    return amounts
