"""The peers, each used as its own documentation shows, with the settings that the table names."""
