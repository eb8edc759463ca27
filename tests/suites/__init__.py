"""Saleor's own tests, run with this plugin installed: ``python -m dev.suites``."""
