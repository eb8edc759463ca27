"""Breaking the ledger on purpose, to see that a test notices."""
