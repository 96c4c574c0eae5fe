from pathlib import Path

from polymath.config import Config
from polymath.tracking.describe import describe_command, describe_inputs, describe_machine, flatten, name_run
from tests.pipelines.curate.made import records_of


class Inner(Config):
    threshold: float = 0.8
    names: tuple[str, ...] = ("a", "b")


def test_parameters_are_a_line_each_whether_typed_or_plain():
    given = {"dedup": Inner(), "run": {"name": None, "deep": {"n": 1}}, "empty": {}}
    expected = {"dedup.threshold": "0.8", "dedup.names": "a b", "run.name": "None", "run.deep.n": "1"}
    assert flatten(given) == expected


def test_a_run_is_called_by_its_name_else_by_its_turned_dials_and_sources():
    parameters = {"run.sources": "squad dolly", "dedup.verify.threshold": "0.7", "run.name": "None", "engine.workers": "2"}
    changed = {"dedup.verify.threshold": "0.8", "engine.workers": "auto", "run.sources": "kind:embedded"}
    assert name_run(parameters, changed, ["curate"]) == "threshold=0.7 on squad dolly"
    assert name_run(parameters, {}, ["curate"]) == "squad dolly"
    assert name_run(parameters | {"run.name": "mine"}, changed, ["curate"]) == "mine"
    assert name_run(parameters, {}, ["export"]) == "export: squad dolly"
    assert len(name_run(parameters | {"run.sources": "long " * 99}, {}, ["curate"])) == 80


def test_a_plan_is_called_by_its_turned_dials_alone_since_it_reads_no_source():
    parameters = {"run.sources": "squad", "plan.budget.flop": "1e21", "run.name": "None"}
    assert name_run(parameters, {"plan.budget.flop": "None"}, ["plan"]) == "plan: flop=1e21"
    assert name_run(parameters, {}, ["plan"]) == "plan"


def test_the_command_of_a_run_does_the_same_again_and_holds_no_secret():
    given = {"env": "tiny", "runtime_params": {"run": {"name": "x"}, "hub": {"token": "abc"}}, "from_nodes": ["a", "b"]}
    told = describe_command(given, ["curate"])
    assert told == "kedro run --pipelines=curate --env=tiny --params='run.name=x,hub.token=***' --from-nodes=a,b"


def test_the_machine_is_told_without_a_repository_too(tmp_path):
    told = describe_machine(tmp_path)
    assert {"polymath", "python", "machine"} <= set(told)
    assert "commit" not in told


class Catalog(dict):
    def exists(self, name: str) -> bool:
        return name in self

    def load(self, name: str):
        return self[name]


def test_inputs_have_the_digest_of_what_was_read_and_how_many_rows_that_were(tmp_path: Path):
    records = records_of(tmp_path / "records", {"notes": [{"prompt": "a", "reply": "b"}]})
    records.manifest.inputs["notes"] = "of-the-file"
    found = describe_inputs(Catalog(records=records), {})
    assert found["notes"]["digest"] == "of-the-file"
    assert found["notes"]["rows"] == "1"
    assert found["records"] == {
        "digest": records.digest,
        "context": "made",
        "kind": "local",
        "place": str(tmp_path / "records"),
        "rows": "1",
    }
    assert describe_inputs(Catalog(), {}) == {}


def test_a_training_run_is_called_by_its_model_its_track_and_its_own_turned_dials():
    parameters = {
        "run.sources": "squad",
        "dedup.verify.threshold": "0.7",
        "finetune.model.name": "tiny",
        "finetune.train.track": "sft",
        "finetune.train.steps": "8",
    }
    changed = {"dedup.verify.threshold": "0.8", "finetune.train.steps": "20"}
    assert name_run(parameters, changed, ["finetune"]) == "finetune: tiny on sft steps=8"
    assert name_run(parameters, {}, ["finetune"]) == "finetune: tiny on sft"
