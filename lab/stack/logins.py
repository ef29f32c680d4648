"""The services' own logins on the local database.

The password of each is derived from the administrator's, so everything that uses one server agrees
on them without a file. `tocsin migrate` creates the logins from these URLs.
"""

import hashlib
import hmac
from urllib.parse import unquote, urlsplit

from services.kit.settings import SERVICES, service_variable


def service_url(database_url: str, service: str) -> str:
    """Return the URL of a service's login in the administrator's database."""
    parts = urlsplit(database_url)
    secret = unquote(parts.password or "").encode()
    password = hmac.new(secret, service.encode(), hashlib.sha256).hexdigest()
    address = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"tocsin_{service}_login:{password}@{address}").geturl()


def service_urls(database_url: str) -> dict[str, str]:
    """Return the URL of each service's login."""
    return {service: service_url(database_url, service) for service in SERVICES}


def service_variables(database_url: str) -> dict[str, str]:
    """Return these URLs as the environment variables of the services."""
    return {service_variable(name): url for name, url in service_urls(database_url).items()}
