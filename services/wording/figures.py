"""Values, dates, amounts and thresholds as they are written in a language.

Must stay true: figures stay decimals from the micro-unit to the text; at most two digits after the
point are shown, rounded half to even, and none that are zeros.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from services.wording.messages import Language, Messages, messages_in

# Figures are counted in millionths, as scoring counts them.
MICRO: Final = 1_000_000

# Day before month, as in the bank's own documents.
LOCALES: Final = {Language.ENGLISH: "en_GB", Language.SPANISH: "es", Language.CHINESE: "zh_Hans"}
DATE_FORMATS: Final = {
    Language.ENGLISH: "d MMMM y",
    Language.SPANISH: "d 'de' MMMM 'de' y",
    Language.CHINESE: "y年M月d日",
}
PLAIN: Final = "#,##0.##"
# Units with a word that has a singular.
COUNTED: Final = frozenset({"days", "months", "points"})
OPERATORS: Final = {">": "above", ">=": "at_least", "<": "below", "<=": "at_most"}
OPPOSITE: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


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
        return self.value(number * MICRO, "days")

    def months(self, number: int) -> str:
        """Returns a number of months."""
        return self.value(number * MICRO, "months")

    def share(self, micro: int) -> str:
        """Returns a share as a percentage."""
        return self.value(micro, "ratio")

    def value(self, micro: int, unit: str) -> str:
        """Returns a measured value with its unit."""
        if unit == "ratio":
            return self.messages.text("unit.percent", number=self.number(micro * 100))
        if unit not in COUNTED:
            return self.number(micro)
        shown = micro * 100 if unit == "points" else micro
        form = "one" if abs(shown) == MICRO else "other"
        return self.messages.text(f"unit.{unit}.{form}", number=self.number(shown))

    def threshold(self, operator: str, micro: int, unit: str) -> str:
        """Returns a threshold in words, such as ``more than 30 days``."""
        if unit == "flag":
            return self.messages.text("threshold.yes_no")
        value = self.value(micro, unit)
        return self.messages.text(f"threshold.{OPERATORS[operator]}", value=value)

    def beyond_harm(self, operator: str, micro: int, unit: str) -> str:
        """Returns the other side of a threshold: what the figure must be to leave it."""
        return self.threshold(OPPOSITE[operator], micro, unit)

    def day(self, ordinal: int) -> str:
        """Returns a date."""
        return format_date(
            date.fromordinal(ordinal),
            format=DATE_FORMATS[self._language],
            locale=LOCALES[self._language],
        )

    def short_day(self, ordinal: int) -> str:
        """Returns day and month, such as ``4 Dec``."""
        return format_skeleton("MMMd", date.fromordinal(ordinal), locale=LOCALES[self._language])

    def moment_utc(self, moment: datetime) -> str:
        """Returns a moment to the minute, in UTC."""
        there = moment.astimezone(UTC)
        day = self.day(there.toordinal())
        return self.messages.text("moment.utc", date=day, time=f"{there:%H:%M}")

    def money(self, minor: int, decimals: int, currency: str) -> str:
        """Returns an amount with its currency and all its decimals."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        amount = Decimal(minor).scaleb(-decimals)
        number = format_decimal(amount, format=pattern, locale=LOCALES[self._language])
        return self.messages.text("unit.money", number=number, currency=currency)
