"""From canonical events to a borrower's risk state, exactly once."""
