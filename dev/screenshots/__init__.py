"""Pictures of the Dashboard pages, and how soon the live board is there."""
