"""The tests bite: each named safety line is removed in a copy, and a test must fail.

`table` holds the lines, `running` tries them, `python -m tests.mutants` writes
docs/reference/mutants.md.
"""
