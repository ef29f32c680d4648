"""Ids and fingerprints of inputs: the same input gives the same ones, on every run."""

import hashlib

_DIGEST_CHARACTERS = 8


def digest(raw: bytes) -> bytes:
    """Return the fingerprint of an input's bytes."""
    return hashlib.sha256(raw).digest()


def position_id(*, topic: str, partition: int, offset: int, raw: bytes) -> str:
    """Return the event id of a record that brings none.

    A re-run gives the same id. The end of it comes from the bytes, so that records of a topic that
    was deleted and made anew do not pass for the old ones at the same positions.
    """
    return f"{topic}:{partition}:{offset}:{digest(raw).hex()[:_DIGEST_CHARACTERS]}"
