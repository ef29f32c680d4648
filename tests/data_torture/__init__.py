"""Data torture: events at the edges of the contract, through everything that a 202 promises."""
