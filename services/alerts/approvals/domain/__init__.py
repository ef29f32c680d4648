"""The terms of an override, and what it changes."""
