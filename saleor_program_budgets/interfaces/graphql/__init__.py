"""The extension of Saleor's own GraphQL schema.

Nothing here may be imported before Saleor builds its schema, except ``graft``.
"""
