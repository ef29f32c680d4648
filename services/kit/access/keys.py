"""What an API key is: its text, what is stored of it, and when it is good.

A key reads `tsk_<id>_<secret>`. The secret holds 256 random bits and is shown once; only its
SHA-256 is stored. A slow hash protects secrets that people choose; 256 random bits cannot be
guessed from a fast one (docs/adr/0004-api-keys.md), and every request pays for the check.
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
    """What a caller may be."""

    OFFICER = "OFFICER"
    SENIOR = "SENIOR"
    RISK = "RISK"
    WORKOUT = "WORKOUT"
    APPROVER = "APPROVER"
    AUDITOR = "AUDITOR"
    OPERATOR = "OPERATOR"
    SOURCE = "SOURCE"


# Whoever may read: an officer what is theirs, the others everything. A source only sends.
READERS = frozenset(
    {
        Role.OFFICER,
        Role.SENIOR,
        Role.RISK,
        Role.WORKOUT,
        Role.APPROVER,
        Role.AUDITOR,
        Role.OPERATOR,
    }
)
READERS_OF_ALL = READERS - {Role.OFFICER}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as the database holds it: everything but the secret.

    Attributes:
        sources: The event sources that a SOURCE key may speak for; empty for none.
        officer_id: The officer that the key's holder is, when it is one.
    """

    id: str
    secret_sha256: bytes = field(repr=False)
    name: str
    roles: frozenset[Role]
    sources: tuple[str, ...]
    officer_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def refusal(self, *, at: datetime) -> str | None:
        """Return why the key is no good at a moment, or None when it is good."""
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
        """Return whether the secret is the stored one, in constant time."""
        return hmac.compare_digest(secret_sha256(self.secret), stored.secret_sha256)


def parse(text: str) -> PresentedKey | None:
    """Return the parts of a key's text, or None when it is not one."""
    match = _KEY.fullmatch(text)
    return PresentedKey(match[1], match[2]) if match else None


def secret_sha256(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def new_key_id() -> str:
    """Return the public part of a new key."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_CHARACTERS))


def new_secret() -> str:
    """Return the secret part of a new key: 43 characters for 256 random bits."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def key_text(*, key_id: str, secret: str) -> str:
    """Return the text that the caller is given, once."""
    return f"{PREFIX}_{key_id}_{secret}"
