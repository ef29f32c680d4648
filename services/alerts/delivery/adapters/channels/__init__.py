"""The channels, and what they share."""
