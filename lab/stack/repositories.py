"""Finds the Maven repositories of this machine.

Kafka's jars are on Maven Central. A company may have a mirror of it: the setting
TOCSIN_MAVEN_REPOSITORY, the mirror in the user's Maven settings and jgo's own configuration are
honoured, in this order, before Maven Central itself. Proxies and certificates come from the usual
environment variables, which the HTTP client reads.
"""

from pathlib import Path
from xml.etree import ElementTree

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL

MIRRORS_OF_CENTRAL = {"central", "*", "external:*"}


def repositories(*, chosen: str | None, maven_settings: Path) -> dict[str, str]:
    """Return the repositories in order of preference, by name."""
    urls: dict[str, str] = {}
    if chosen is not None:
        urls["chosen"] = chosen.rstrip("/")
    mirror = _mirror(maven_settings)
    if mirror is not None:
        urls["mirror"] = mirror.rstrip("/")
    urls |= dict(GlobalSettings.load().repositories)
    if not urls:
        urls["central"] = MAVEN_CENTRAL_URL
    return urls


def _mirror(maven_settings: Path) -> str | None:
    try:
        root = ElementTree.parse(maven_settings).getroot()
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        patterns = {part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        url = mirror.findtext("{*}url")
        if url and patterns & MIRRORS_OF_CENTRAL and "!central" not in patterns:
            return url.strip()
    return None
