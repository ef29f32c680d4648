"""The pages of docs/reference that are made from the code.

`python -m tests.reference` writes them; tests/contract/test_reference_pages.py compares them, so a
command, a setting, a metric, an event or a route that changes is a visible diff in the same commit.
"""
