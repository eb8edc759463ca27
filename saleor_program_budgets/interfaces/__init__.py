"""The host ring: the only code that knows Saleor and graphene."""
