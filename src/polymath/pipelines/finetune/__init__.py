"""Finetune: from a mix and a model to a tuned model."""
