"""Program budgets for Saleor: allowances, caps and points, enforced before an order exists."""
