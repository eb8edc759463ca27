"""Measuring the ledger: beside what the database and the ORM do at best, and as it grows."""
