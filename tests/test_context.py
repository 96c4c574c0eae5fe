"""The catalog's parameters: every one that a node reads, and of the others those that do not lie deep."""

from kedro.framework.context import KedroContext

from polymath import context
from polymath.context import Context
from polymath.pipeline_registry import register_pipelines


def test_what_lies_deep_has_a_place_only_where_a_node_reads_it(monkeypatch):
    pipelines = register_pipelines()
    read = {name for pipeline in pipelines.values() for name in pipeline.inputs() if name.startswith("params:")}
    assert "params:run.files_root" in read
    every = dict.fromkeys(["parameters", *read, "params:finetune.train", "params:sources.squad.fields.context"])
    monkeypatch.setattr(context, "pipelines", pipelines)
    monkeypatch.setattr(KedroContext, "_get_parameters", lambda _: every)
    assert set(object.__new__(Context)._get_parameters()) == {"parameters", *read, "params:finetune.train"}
