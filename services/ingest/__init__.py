"""From the bank's own words to canonical events, or into quarantine with a reason."""
