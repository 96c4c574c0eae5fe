"""Reward: from preferences to a model that scores replies."""
