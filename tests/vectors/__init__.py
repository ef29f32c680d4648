"""The vectors of the domain reference, expected and got: `python -m tests.vectors`.

`table` defines a vector, `models`, `scores` and `days` list those of sections 3.5, 3.6 and
4.4, `rules` names the test of each rule and trap of counting days, `page` writes
docs/reference/vectors.md.
"""
