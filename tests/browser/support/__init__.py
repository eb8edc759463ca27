"""What stands in for the Dashboard around the pages, and Saleor beside them."""
