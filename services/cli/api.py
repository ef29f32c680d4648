"""Calls the REST API of a service for a command: JSON in and out, errors with a remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from services.cli.errors import CommandError
from services.cli.options import ServiceUrls

TIMEOUT_SECONDS = 60.0
MOST_SHOWN_CHARACTERS = 400
UNEXPECTED = "See the answer above."
# The remedies of commands that need an operator's key, and of those that need one's own.
OPERATORS = {
    401: "Give a key with --key or TOCSIN_API_KEY: tocsin keys create --role OPERATOR --name …",
    403: "The key needs the role OPERATOR: tocsin keys create --role OPERATOR --name …",
}
PEOPLE = {401: "Give your key with --key or TOCSIN_API_KEY: tocsin keys create --person …"}
Document = dict[str, Any]


def client(url: str, key: str) -> httpx2.Client:
    """Return a client that identifies the caller by the key, if there is one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class ServiceApi:
    """The REST API of one service, with the remedies of the statuses that it answers."""

    service: str
    remedies: Mapping[int, str]

    def call(
        self,
        url: str,
        key: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Document:
        """Return the answer to one request to the service at the address, or at its usual one.

        Raises:
            CommandError: If the service does not answer, or refuses.
        """
        url = url or getattr(ServiceUrls(), f"{self.service}_url")
        change_url = f"Give its address with --url or TOCSIN_{self.service.upper()}_URL."
        not_ready = f"Wait until `/readyz` of {self.service} answers 200, then try again."
        try:
            with client(url, key) as connection:
                answer = connection.request(method, path, params=params, json=body, headers=headers)
            document: Document = answer.json()
        except httpx2.TransportError as error:
            raise CommandError(
                f"{self.service} does not answer at {url}: {error or type(error).__name__}",
                remedy=f"Start it. {change_url}",
            ) from error
        except ValueError as error:
            raise CommandError(
                f"{url} answers {answer.status_code} and no JSON; is this {self.service}?",
                remedy=change_url,
            ) from error
        if answer.is_success:
            return document
        violations = [f"\n  {each['detail']}" for each in document.get("errors", ())]
        detail = document.get("detail", answer.text[:MOST_SHOWN_CHARACTERS])
        raise CommandError(
            f"{self.service} answers {answer.status_code}: {detail}" + "".join(violations),
            remedy={503: not_ready, **self.remedies}.get(answer.status_code, UNEXPECTED),
        )
