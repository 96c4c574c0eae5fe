"""The pipelines: one folder each, named as in conf, tests and docs."""
