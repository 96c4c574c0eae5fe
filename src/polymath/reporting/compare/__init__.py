"""Two runs side by side: what each kept, removed, moved and generated, and the records whose fate changed."""
