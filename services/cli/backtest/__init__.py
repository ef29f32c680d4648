"""`tocsin backtest`: fold a history and hold the warnings against what happened, group by group."""
