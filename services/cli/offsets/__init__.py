"""`tocsin offsets`: inspects and sets the offsets of partitions, to continue after a stop."""
