"""Ports made real: the holidays of a country."""
