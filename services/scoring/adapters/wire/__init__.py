"""Canonical CloudEvents to the domain's events: one small function per type, by family.

`decoder` decodes the bytes with the Struct of the contracts. The function of the type (`accounts`,
`loans`, `credit_file`, `control`) converts money to minor units, dates to ordinals and words to
codes, with the functions of `values`. Nothing is guessed: a value that cannot be converted exactly
is `Undecodable`.
"""
