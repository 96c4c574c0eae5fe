"""Plan: from a budget and a machine to a model's size, tokens, cost and memory."""
