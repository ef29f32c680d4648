"""Tocsin: event-driven early warning for credit risk.

A regular package on purpose: import path equals file path, and no foreign `services`
namespace on the path can merge with it.
"""
