"""The vectors of the domain reference, expected beside got: `python -m tests.vectors`.

`table` says what a vector is, `models`, `scores` and `days` hold those of sections 3.5, 3.6 and
4.4, `rules` names the test of each rule and trap of counting days, `page` writes
docs/reference/vectors.md.
"""
