"""What the read side refuses."""


class NotFound(Exception):
    """There is no such borrower for this caller."""
