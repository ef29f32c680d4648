"""Optimistic locking: a version is sent as ETag and comes back as If-Match.

A change without If-Match is refused with 428, because it does not name the version that the caller
has read. A version that is no longer current is refused with 412 by the use case.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from services.kit.http import problems
from services.kit.http.problems import Problem

_ETAG = re.compile(r'"(\d{1,9})"')


def etag(version: int) -> str:
    """Returns the entity tag of a version."""
    return f'"{version}"'


def tag(response: Response, version: int) -> None:
    """Sets the entity tag of a response."""
    response.headers["ETag"] = etag(version)


def expected_version(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, such as `"3"`.')
    ] = None,
) -> int:
    """Returns the version that the caller has read."""
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
