"""Optimistic locking at the door: a version goes out as ETag and comes back as If-Match.

Without If-Match a change is refused with 428: whoever changes something has to say what they
looked at. A version that has moved on is 412, and the use case finds that out.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from services.kit.http import problems
from services.kit.http.problems import Problem

_ETAG = re.compile(r'"(\d{1,9})"')


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def tag(response: Response, version: int) -> None:
    """Put a version on a response."""
    response.headers["ETag"] = etag(version)


def expected_version(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, such as `"3"`.')
    ] = None,
) -> int:
    """Return the version that the caller looked at."""
    if if_match is None:
        raise Problem(
            problems.VERSION_NEEDED,
            "Send the ETag that you read as If-Match; it says which version you change.",
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Problem(
            problems.STALE,
            'If-Match must be one strong ETag of this service, such as "3"; read it again.',
        )
    return int(match[1])


ExpectedVersion = Annotated[int, Depends(expected_version)]
