"""Writes docs/reference/vectors.md and prints what differs: `python -m tests.vectors`."""

import sys

from tests.vectors.page import PAGE, VECTORS, document


def main() -> int:
    """Write the page; 1 if a vector differs."""
    PAGE.write_text(document(), encoding="utf-8")
    wrong = [vector for vector in VECTORS if vector.got != vector.expected]
    for vector in wrong:
        print(f"{vector.section}: {vector.given}: expected {vector.expected}, got {vector.got}")
    print(f"{len(VECTORS) - len(wrong)} of {len(VECTORS)} vectors agree; {PAGE} is written.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
