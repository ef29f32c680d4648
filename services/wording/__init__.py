"""Sentences about assessments in the reader's language, written from what an event holds.

Scoring (explanations) and alerts (messages, pages) word the same facts with the same catalogues, so
that a cause reads alike wherever it is shown. Nothing here decides, stores or transports anything.
"""
