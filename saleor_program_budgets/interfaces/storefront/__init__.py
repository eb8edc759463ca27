"""What storefronts load from the plugin's address: the shopper's component."""
