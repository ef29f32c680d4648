"""`tocsin replay`: sends canonical events from a file through ingest, in the order of the file.

One request at a time, because two under way could overtake each other and a borrower's events
must keep their order. Sending a batch again is always right: an event keeps its id, and scoring
applies an id once.
"""
