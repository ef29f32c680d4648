"""Stories of borrowers: what must come out of `default`, by date. See docs/stories.md."""
