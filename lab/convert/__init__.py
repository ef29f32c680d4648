"""`tocsin convert`: public data sets as canonical events, one module a data set.

Each module reads the tables it knows (`tables`), writes events by the contracts (`canonical`), and
leaves out what its source does not say. Every assumption is listed in
docs/reference/public-data.md.
"""
