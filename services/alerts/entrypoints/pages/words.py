"""Words the pages in the reader's language: labels, amounts, dates, moments and waits.

A reader's language is the one chosen on a page, else the first of the browser that Tocsin has.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import negotiate_locale
from fastapi import Request

from services.contracts.currencies import decimals_of
from services.wording.figures import Figures
from services.wording.messages import Language

COOKIE: Final = "tocsin_language"
NOTHING: Final = "–"
LANGUAGES: Final = {
    Language.ENGLISH: "English",
    Language.SPANISH: "Español",
    Language.CHINESE: "中文",
}
WAITS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
HEADLINE_COLONS: Final = (": ", "：")


def language_of(request: Request) -> Language:
    """Returns the language of the reader."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in set(Language):
        return Language(chosen)
    wanted = [part.partition(";")[0].strip() for part in _accepted(request).split(",")]
    return Language(negotiate_locale(wanted, [*Language], sep="-") or Language.ENGLISH)


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")[:200]


class PageWords:
    """Writes what the pages show in one language."""

    def __init__(self, language: Language, *, timezone: str) -> None:
        self.language = language
        self.figures = Figures(language)
        self._messages = self.figures.messages
        self._timezone = ZoneInfo(timezone)

    def text(self, key: str, **figures: str) -> str:
        """Returns a text of the pages."""
        return self._messages.text(f"page.{key}", **figures)

    def counted(self, key: str, number: int) -> str:
        """Returns a text about a number of things."""
        form = "one" if number == 1 else "other"
        return self.text(f"{key}.{form}", number=self.figures.count(number))

    def label(self, group: str, code: str) -> str:
        """Returns the label of a code; an official one, such as SMA-1, is its own."""
        key = f"{group}.{code}"
        label = self._messages.text(key) if self._messages.has(key) else code
        return label[:1].upper() + label[1:]

    def state(self, code: str) -> str:
        """Returns a risk state as it stands in a sentence."""
        return self._messages.text(f"state.{code}")

    def indicator(self, item: Mapping[str, Any]) -> str:
        """Returns the name of an indicator."""
        indicator = str(item.get("indicator") or "")
        return self._messages.indicator_name(indicator, str(item.get("name") or indicator))

    def refusal(self, status: int) -> str:
        """Returns why a page or a form was refused, by the status of the answer."""
        key = f"page.refused.{status}"
        return self._messages.text(key if self._messages.has(key) else "page.refused.other")

    def yes_no(self, value: bool) -> str:
        """Returns yes or no."""
        return self.text("yes" if value else "no")

    def money(self, amount: str | None, currency: str) -> str:
        """Returns an amount with its currency."""
        value = decimal_or_none(amount)
        if value is None:
            return NOTHING
        decimals = decimals_of(currency)
        return self.figures.money(int(value.scaleb(decimals)), decimals, currency)

    def day(self, value: date | str | None) -> str:
        """Returns a date."""
        if value is None:
            return NOTHING
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return self.figures.day(day.toordinal())

    def moment(self, value: datetime) -> str:
        """Returns a moment in the bank's time, to the minute."""
        local = value.astimezone(self._timezone)
        return self._messages.text(
            "moment.local", date=self.day(local.date()), time=f"{local:%H:%M}"
        )

    def wait(self, duration: timedelta) -> str:
        """Returns a duration roughly, such as `3 d`, `5 h` or `12 min`."""
        seconds = abs(int(duration.total_seconds()))
        for size, unit in WAITS:
            if seconds >= size:
                number = self.figures.count(seconds // size)
                return self._messages.text(f"wait.{unit}", number=number)
        return self.text("now")

    def why(self, headlines: Mapping[str, str], headline: str) -> str:
        """Returns the cause in a headline: the part after borrower and state."""
        shown = headlines.get(self.language.value, headline)
        for colon in HEADLINE_COLONS:
            if colon in shown:
                return shown.partition(colon)[2]
        return shown


def decimal_or_none(text: str | None) -> Decimal | None:
    """Returns the number in a text, or None when it is not one."""
    try:
        number = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
