"""The laboratory: plays a bank, measures Tocsin and converts foreign data sets.

It is the distribution `tocsin-lab`, with dependencies of its own, and never part of a bank's
installation. It imports what it drives; nothing under `services` imports it.
"""
