"""What every wing shares: the closed lists of words, refusals, limits and pages. Pure."""
