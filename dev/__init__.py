"""Development tooling: private servers, migrated databases, environments. Not shipped."""
