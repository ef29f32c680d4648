"""Every story comes out on `default` as it must."""

import pytest

from tests.stories.catalogue import ALL
from tests.stories.story import WrittenStory, played


def _case(written: WrittenStory) -> object:
    marks = ()
    if written.differs:
        reason = f"{written.section}: {written.differs}"
        marks = (pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason),)
    return pytest.param(written, id=written.name, marks=marks)


@pytest.mark.parametrize("written", [_case(written) for written in ALL])
def test_a_story_comes_out_as_it_must(written: WrittenStory) -> None:
    differences = played(written).differences
    assert not differences, "\n".join(differences)
