"""Ids and fingerprints of inputs: the same input gives the same ones, on every run."""

import hashlib

_DIGEST_CHARACTERS = 8


def digest(raw: bytes) -> bytes:
    """Returns the fingerprint of an input's bytes."""
    return hashlib.sha256(raw).digest()


def position_id(*, topic: str, partition: int, offset: int, raw: bytes) -> str:
    """Returns the event id of a record without an id; the same on every run.

    Its last part is derived from the bytes, so that the records of a topic that was deleted and
    created again do not get the ids of the old records at the same offsets.
    """
    return f"{topic}:{partition}:{offset}:{digest(raw).hex()[:_DIGEST_CHARACTERS]}"
