"""Values, dates, amounts and thresholds as they are written in a language.

Must stay true: figures stay decimals from the micro-unit to the text; at most two digits after the
point are shown, rounded half to even, and none that are zeros.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from services.scoring.adapters.narrative.catalogues import Language, Messages, messages_in
from services.scoring.domain.primitives.measurement import MICRO, Unit
from services.scoring.domain.rulebook.thresholds import Threshold

# Day before month, as in the bank's own documents.
LOCALES: Final = {Language.ENGLISH: "en_GB", Language.SPANISH: "es", Language.CHINESE: "zh_Hans"}
DATE_FORMATS: Final = {
    Language.ENGLISH: "d MMMM y",
    Language.SPANISH: "d 'de' MMMM 'de' y",
    Language.CHINESE: "y年M月d日",
}
PLAIN: Final = "#,##0.##"
# Units with a word that has a singular.
COUNTED: Final = {Unit.DAYS: "days", Unit.MONTHS: "months", Unit.POINTS: "points"}


class Figures:
    """Writes figures in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self.messages: Messages = messages_in(language)

    def number(self, micro: int, pattern: str = PLAIN) -> str:
        """Returns micro-units as a plain number."""
        shown = Decimal(micro) / MICRO
        return format_decimal(shown, format=pattern, locale=LOCALES[self._language])

    def count(self, number: int) -> str:
        """Returns a whole number."""
        return self.number(number * MICRO)

    def points(self, micro: int) -> str:
        """Returns score points with one digit: a score of 1,000,000 is ``100``."""
        return self.number(micro, "#,##0.0")

    def days(self, number: int) -> str:
        """Returns a number of days, such as ``31 days``."""
        return self.value(number * MICRO, Unit.DAYS)

    def months(self, number: int) -> str:
        """Returns a number of months."""
        return self.value(number * MICRO, Unit.MONTHS)

    def share(self, micro: int) -> str:
        """Returns a share as a percentage."""
        return self.value(micro, Unit.RATIO)

    def value(self, micro: int, unit: Unit) -> str:
        """Returns a measured value with its unit."""
        if unit is Unit.RATIO:
            return self.messages.text("unit.percent", number=self.number(micro * 100))
        kind = COUNTED.get(unit)
        if kind is None:
            return self.number(micro)
        shown = micro * 100 if unit is Unit.POINTS else micro
        form = "one" if abs(shown) == MICRO else "other"
        return self.messages.text(f"unit.{kind}.{form}", number=self.number(shown))

    def threshold(self, threshold: Threshold, unit: Unit) -> str:
        """Returns a threshold in words, such as ``more than 30 days``."""
        if unit is Unit.FLAG:
            return self.messages.text("threshold.yes_no")
        if threshold.rising:
            key = "threshold.above" if threshold.strict else "threshold.at_least"
        else:
            key = "threshold.below" if threshold.strict else "threshold.at_most"
        return self.messages.text(key, value=self.value(threshold.value, unit))

    def beyond_harm(self, threshold: Threshold, unit: Unit) -> str:
        """Returns the other side of a threshold: what the figure must be to leave it."""
        other = Threshold(threshold.value, not threshold.rising, not threshold.strict)
        return self.threshold(other, unit)

    def day(self, ordinal: int) -> str:
        """Returns a date."""
        return format_date(
            date.fromordinal(ordinal),
            format=DATE_FORMATS[self._language],
            locale=LOCALES[self._language],
        )

    def money(self, minor: int, decimals: int, currency: str) -> str:
        """Returns an amount with its currency and all its decimals."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        amount = Decimal(minor).scaleb(-decimals)
        number = format_decimal(amount, format=pattern, locale=LOCALES[self._language])
        return self.messages.text("unit.money", number=number, currency=currency)
