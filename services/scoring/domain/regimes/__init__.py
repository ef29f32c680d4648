"""Regulatory labels, computed in parallel and shown on the card; they never drive the state.

One pure module for each regime, with its sources; `labels` puts them together.
"""
