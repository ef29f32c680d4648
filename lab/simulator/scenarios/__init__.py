"""The stories a borrower can live through, one module each, each a pure function of the day."""
