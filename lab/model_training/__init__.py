"""`tocsin model`: trains a PD on labelled history, and checks its population for drift."""
