"""A year of several programs in fast-forward, from its first grants to its reconciliation."""
