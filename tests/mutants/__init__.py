"""Mutation of safety lines: each named line is removed in a copy, and a test must fail.

`table` lists the lines, `running` tries them, `python -m tests.mutants` writes
docs/reference/mutants.md.
"""
