"""A day of trading against the core alone, with no Saleor: the demo's story, then load."""
