"""All stories, by theme, in the order of the page."""

from types import ModuleType
from typing import Final

from tests.stories import (
    connected,
    corrections,
    default_by_cash,
    getting_worse,
    sound_borrowers,
    statements,
)
from tests.stories.story import STORIES, WrittenStory

THEMES: Final[tuple[ModuleType, ...]] = (
    sound_borrowers,
    getting_worse,
    statements,
    default_by_cash,
    connected,
    corrections,
)


def stories_of(theme: ModuleType) -> list[WrittenStory]:
    """Return the stories of a theme, in the order in which they are written."""
    return [written for written in STORIES if written.script.__module__ == theme.__name__]


ALL: Final = tuple(written for theme in THEMES for written in stories_of(theme))
