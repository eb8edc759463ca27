"""Measuring the ledger: its hot hold beside what the database and the ORM do at best."""
