"""Shards on disk: what is in the manifest is whole, and what is not in it does not exist."""
