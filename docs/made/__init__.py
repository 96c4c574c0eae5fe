"""The blocks of the pages, by subject; importing this package enters them all."""

from made import dials, libraries, planning, registries, tables

__all__ = ["dials", "libraries", "planning", "registries", "tables"]
