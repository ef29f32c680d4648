"""Seals webhook secrets for the database: AES-256-GCM under a key from the settings.

The stored bytes are key id (4), nonce (12) and ciphertext. The endpoint's id is authenticated with
them, so a secret copied to the row of another endpoint does not open. To replace a key, set both:
the first seals, all open.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.alerts.delivery.domain import signing

KEY_BYTES = 32
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_NEW_SECRET_BYTES = 32


class CannotOpen(Exception):
    """A sealed secret does not open: its key is missing, or the row was changed."""


def new_secret() -> str:
    """Returns a new random `whsec_…` secret."""
    return signing.secret_of(secrets.token_bytes(_NEW_SECRET_BYTES))


def read_key(text: str) -> bytes:
    """Returns the key in a setting.

    Raises:
        ValueError: If it is not Base64 of 32 bytes.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a sealing key is Base64 of 32 bytes") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"a sealing key is Base64 of {KEY_BYTES} bytes, this one has {len(key)}")
    return key


class Sealer:
    """Seals and opens secrets."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("at least one sealing key is needed")
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._active = _key_id(keys[0])

    def seal(self, secret: str, *, endpoint_id: str) -> bytes:
        """Returns the bytes to store."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._keys[self._active].encrypt(
            nonce, secret.encode("ascii"), endpoint_id.encode("utf-8")
        )
        return self._active + nonce + sealed

    def open(self, sealed: bytes, *, endpoint_id: str) -> str:
        """Returns the secret.

        Raises:
            CannotOpen: If its key is not set, or the bytes or the endpoint are not the ones
                that were sealed.
        """
        key = self._keys.get(sealed[:_KEY_ID_BYTES])
        if key is None:
            raise CannotOpen(f"endpoint {endpoint_id}: its sealing key is not among the settings")
        nonce = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES]
        try:
            opened = key.decrypt(
                nonce, sealed[_KEY_ID_BYTES + _NONCE_BYTES :], endpoint_id.encode("utf-8")
            )
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(f"endpoint {endpoint_id}: the stored secret was changed") from error
        return opened.decode("ascii")


def _key_id(key: bytes) -> bytes:
    return sha256(b"tocsin sealing key " + key).digest()[:_KEY_ID_BYTES]
