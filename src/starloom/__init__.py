"""starloom weaves stellar surveys into catalogues; see README.md for the way down."""

__version__ = "0.1.0"
