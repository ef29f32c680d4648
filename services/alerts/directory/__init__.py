"""People and working time: who calls, with which rights, and when the bank is open."""
