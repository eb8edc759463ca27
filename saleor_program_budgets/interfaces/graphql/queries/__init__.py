"""The queries that the extension adds, one file each aggregate."""
