"""Trading by processes that may die at any moment, and what makes them die."""
