"""The mutations that the extension adds, one file each aggregate."""
