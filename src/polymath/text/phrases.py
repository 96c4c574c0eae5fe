"""Patterns (RE2) by which noise in replies is told, lower-cased text unless they say otherwise."""

REFUSAL = (
    r"^(i'?m sorry,? (but )?(i|as)|sorry,? (but )?i (can|am)|i apologi[sz]e,? (but )?|"
    r"as an? (ai|artificial intelligence|language model|large language)|i (can ?not|can't|won't|am unable to|am not able to) "
    r"(assist|help|provide|fulfil|comply|answer|do that|complete)|ขออภัย|ขอโทษ)"
)
"""The reply begins by declining, or by speaking of itself as a model."""

FOOTER = (
    r"(all rights reserved|subscribe to our|follow (us|me) on|share this (post|article)|click here to|sent from my|"
    r"powered by |terms of (use|service)|privacy policy|please (upvote|like and subscribe)|hope (this|that) helps[.!]*$|"
    r"let me know if you (have|need) any[^.]*[.!]?$|read more[.… ]*$|©)"
)
"""What pages and forums put under a text."""

CLOSED_END = r"([.!?:;…。！？」』\"'”’)\]}>`*|\d]|[^\x00-\x7f])$|^$|^\S+(\s+\S+){0,11}$"
"""A text that ends as texts do: with punctuation, a bracket, a number, another script; or is too short to say."""

ASKS_LANGUAGE = (
    r"(?i)(translat|in (english|thai|french|german|spanish|chinese|japanese|korean|russian|arabic|hindi)|language|"
    r"pronounc|แปล|ภาษา|翻译|翻訳|英文|中文)"
)
"""A prompt that speaks of a language: a reply in another script may be what it asks for."""

PLACEHOLDERS = ("n/a", "na", "none", "null", "nan", "no input", "no output", "todo", "...", "-", ".", "?")
"""Replies that say nothing, lower-cased and trimmed."""

ASKS_SUMMARY = r"^(please )?(summari[sz]e|give (me )?a (short |brief )?summary|write a (short |brief )?summary|tl;?dr|สรุป)"
"""A prompt that asks for a summary."""

CODE_LINE = (
    r"(?m)^\s*(def |class |import |from \S+ import |return\b|if .*[:{]\s*$|for .*[:{]\s*$|while .*[:{]\s*$|else ?[:{]|"
    r"(public|private|static|const|let|var|int|void|function|func|fn|#include|using|package|select|insert|create)\b.*[;{(]\s*$|"
    r"[\w.\[\]]+ ?(=|\+=|-=) ?.*[;)\]\d]\s*$|[\w.]+\(.*\);?\s*$|[})\]];?\s*$|</?\w+[^>]*>\s*$|//|#!)"
)
"""A line that looks like a program's rather than like prose (case and lines matter)."""
