"""Align: from a tuned model and preferences to one that people prefer."""
