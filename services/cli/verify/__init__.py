"""`tocsin verify`: proves that the stored results are what the ledger gives, byte for byte.

An independent reader: it shares the pure fold and the byte formats with the worker and nothing
else. It folds eagerly (a day close goes to every borrower at once), partition by partition in
log order, while the worker sweeps, catches up, batches and caches.
"""
