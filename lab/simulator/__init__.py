"""A core bank that never was: a labelled synthetic portfolio, deterministic by seed."""
