"""SCIM 2.0 (RFC 7643, RFC 7644) for identity systems: a roster's people and departments.

The protocol is scim2-server's. Here stands what people are to it, and how they are read; writing
them is the roster's. Nothing of it is imported before the first request comes (``view``).
"""
