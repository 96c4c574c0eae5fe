"""Tasks of lm-eval of our own: YAML files, and the functions that they name."""
