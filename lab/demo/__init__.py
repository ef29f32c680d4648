"""`tocsin demo`: the whole system on a labelled portfolio, on this machine."""
