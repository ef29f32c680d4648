"""What a vector is: something given, what must come out by hand, and what does come out."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

MICRO = 1_000_000


@dataclass(frozen=True)
class Vector:
    """One line of the page.

    Args:
        section: The table that it is in.
        given: The input, in words.
        expected: The figure of the reference, with its number of decimals.
        find: Works it out with the product's code: a text, or a figure in micro-units, which is
            rounded to as many decimals as the expected one has.
    """

    section: str
    given: str
    expected: str
    find: Callable[[], str | int]

    @property
    def got(self) -> str:
        """Return what comes out, written like what is expected."""
        result = self.find()
        if isinstance(result, str):
            return result
        places = len(self.expected.partition(".")[2])
        return str(round(Decimal(result) / MICRO, places))
