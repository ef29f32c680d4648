"""`tocsin backtest`: scores a history and compares the warnings with the outcomes."""
