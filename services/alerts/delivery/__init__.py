"""Delivers alert events to endpoints: channels, queue, dispatcher, signatures, SSRF guard."""
