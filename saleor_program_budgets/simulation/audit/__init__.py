"""The second opinion: what clients were told, compared with what the ledger has."""
