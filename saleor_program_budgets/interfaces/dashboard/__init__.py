"""The plugin's presence in Saleor's Dashboard."""
