"""A day of trading through a program, in a running Saleor, over its public API."""
