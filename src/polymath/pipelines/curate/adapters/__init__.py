"""Adapters: one function for each shape of source that a `fields:` mapping cannot describe, a module for each family.

To add one, write a function in its family and register it: `fields:` first, an adapter only where the data needs code.
"""

from polymath.pipelines.curate.adapters import (
    chat,
    choice,
    forum,
    instruct,
    oasst,
    preference,
    qa,
    reasoning,
    summarize,
    text,
    wiki,
)
from polymath.pipelines.curate.adapters.kinds import adapters, whole_adapters

__all__ = [
    "adapters",
    "chat",
    "choice",
    "forum",
    "instruct",
    "oasst",
    "preference",
    "qa",
    "reasoning",
    "summarize",
    "text",
    "whole_adapters",
    "wiki",
]
