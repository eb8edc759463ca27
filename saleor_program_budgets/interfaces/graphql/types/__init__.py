"""The object types that the extension adds."""
