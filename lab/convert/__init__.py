"""`tocsin convert`: converts public data sets into canonical events, one module a data set.

Each module reads its tables (`tables`), writes events by the contracts (`canonical`), and leaves
out what its source does not contain. Every assumption is listed in
docs/reference/public-data.md.
"""
