"""The kinds of approval about a borrower."""
