"""Ports made real: the sessions of the pages."""
