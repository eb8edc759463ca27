"""Telling what happened: a line while it happens, tables and one HTML page afterwards."""
