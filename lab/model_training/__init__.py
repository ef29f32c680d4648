"""`tocsin model`: train a PD on labelled history, and watch whether it still fits."""
