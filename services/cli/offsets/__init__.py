"""`tocsin offsets`: see where each partition stands, and go on deliberately after a stop."""
