"""Pretrain: from a mix to a model that has read it, stage after stage of a curriculum."""
