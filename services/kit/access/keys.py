"""API keys: their text, what is stored of them, and when they are valid.

A key is `tsk_<id>_<secret>`. The secret has 256 random bits and is shown once; only its SHA-256 is
stored. A slow hash protects secrets that people choose; 256 random bits cannot be guessed from a
fast one (docs/adr/0004-api-keys.md), and every request pays for the check.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PREFIX = "tsk"
_KEY = re.compile(r"tsk_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_CHARACTERS = 12
_SECRET_BYTES = 32


class Role(StrEnum):
    """The roles of a caller."""

    OFFICER = "OFFICER"
    SENIOR = "SENIOR"
    RISK = "RISK"
    WORKOUT = "WORKOUT"
    APPROVER = "APPROVER"
    AUDITOR = "AUDITOR"
    OPERATOR = "OPERATOR"
    SOURCE = "SOURCE"


# The roles that read every borrower. A senior reads those of the branches that are named for them,
# and every one if none is; an officer reads their own. An operator and a source read no borrower.
READERS_OF_ALL = frozenset({Role.RISK, Role.WORKOUT, Role.APPROVER, Role.AUDITOR})
READERS_OF_MANY = READERS_OF_ALL | {Role.SENIOR}
READERS = READERS_OF_MANY | {Role.OFFICER}
# The roles that decide or handle: a key that has one belongs to a person, never to a machine.
PEOPLE = frozenset({Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT, Role.APPROVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it is stored: everything but the secret.

    Attributes:
        sources: The event sources that a SOURCE key may send for; empty for none.
        may_send: The event types that it may send for them, without their version.
        person_id: The person whose key this is; None for a machine's.
        officer_id: The officer whose key this is, if it is one's.
        branch_ids: The branches whose borrowers a SENIOR may read; empty for all borrowers.
    """

    id: str
    secret_sha256: bytes = field(repr=False)
    name: str
    roles: frozenset[Role]
    sources: tuple[str, ...]
    may_send: tuple[str, ...]
    person_id: str | None
    officer_id: str | None
    branch_ids: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def refusal(self, *, at: datetime) -> str | None:
        """Returns why the key is not valid at a moment; None when it is."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= at:
            return "expired"
        return None


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key as a caller presents it."""

    id: str
    secret: str = field(repr=False)

    def matches(self, stored: StoredKey) -> bool:
        """Returns whether the secret is the stored one, in constant time."""
        return hmac.compare_digest(secret_sha256(self.secret), stored.secret_sha256)


def parse(text: str) -> PresentedKey | None:
    """Returns the parts of a key's text; None when it is not a key."""
    match = _KEY.fullmatch(text)
    return PresentedKey(match[1], match[2]) if match else None


def secret_sha256(secret: str) -> bytes:
    """Returns the hash of a secret, which is what is stored."""
    return hashlib.sha256(secret.encode()).digest()


def new_key_id() -> str:
    """Returns the public part of a new key."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_CHARACTERS))


def new_secret() -> str:
    """Returns the secret part of a new key: 43 characters for 256 random bits."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def key_text(*, key_id: str, secret: str) -> str:
    """Returns the text of a key, which is shown once."""
    return f"{PREFIX}_{key_id}_{secret}"


def like_pattern(source: str) -> str:
    """Returns the pattern of LIKE for a source or a prefix that ends with `*`."""
    escaped = source.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped[:-1] + "%" if escaped.endswith("*") else escaped
