"""The data card: one self-contained page per curate run, made of its datasets.

`inputs.py` names what it is drawn from; each part of the page is a module that turns tables into figures (pure functions,
no HTML); `templates/` shows them; `page.py` brings both together.
"""
