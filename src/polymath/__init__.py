"""Public text datasets in; a curated, traceable training mix out."""

__version__ = "0.1.0"
