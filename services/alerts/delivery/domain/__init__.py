"""Pure decisions: synchronous, standard library only; time comes in as an argument."""
