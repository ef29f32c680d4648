"""Writes the files that are made from the code: `python -m tests.reference`."""

from tests.reference.pages import INDICATORS, PAGES

for old in INDICATORS.glob("*.md"):
    old.unlink()
for path, page in PAGES.items():
    path.write_text(page(), encoding="utf-8")
