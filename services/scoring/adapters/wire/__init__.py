"""Canonical CloudEvents to the domain's events: one small function per type, by family.

`decoder` decodes the bytes with the Struct of the contracts. The function of the type (`accounts`,
`loans`, `credit_file`, `control`) makes money minor units, dates ordinals and words numbers, with
the help of `values`. It never guesses: what it cannot read exactly is `Undecodable`.
"""
