"""Reading data runs nothing of it, and secrets stay where they were given."""

import ast
import json
from pathlib import Path

import pytest

from polymath.errors import unknown
from tests.conftest import ROOT
from tests.faults.projects import QA, make_small, questions, write_rows
from tests.running import kedro

SOURCE = ROOT / "src" / "polymath"
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {
    "eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "torch.load",
    "tarfile.open", "shutil.unpack_archive", "pd.read_pickle", "np.load", "numpy.load",
}  # fmt: skip
FORBIDDEN_ATTRIBUTES = {"extractall", "extract", "read_pickle"}
FILES = sorted(SOURCE.rglob("*.py"))


def _name(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_code_of_ours_can_run_what_it_reads(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
            assert not {name.partition(".")[0] for name in names} & FORBIDDEN_MODULES, ast.unparse(node)
        if isinstance(node, ast.Call):
            name, given = _name(node.func), {each.arg: ast.unparse(each.value) for each in node.keywords}
            safe_load = name.endswith("torch.load") and given.get("weights_only") == "True"
            assert name not in FORBIDDEN_CALLS or safe_load, ast.unparse(node)
            assert name.rpartition(".")[2] not in FORBIDDEN_ATTRIBUTES, ast.unparse(node)
            assert given.get("trust_remote_code", "False") == "False", ast.unparse(node)
            assert given.get("shell", "False") == "False", ast.unparse(node)


def test_the_check_sees_what_it_must_not_find():
    for code in ("import pickle", "from joblib import load", "eval('1')", "tar.extractall()", "f(trust_remote_code=True)"):
        path = Path("x.py")
        with pytest.raises(AssertionError):
            test_no_code_of_ours_can_run_what_it_reads(_Text(path, code))


class _Text:
    """A file that only has a text."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text

    def read_text(self, encoding: str) -> str:
        return self.text


def test_a_tokenizer_with_code_of_its_own_is_refused_and_its_code_does_not_run(tmp_path):
    from polymath.errors import UserError
    from polymath.pipelines.curate.tokenizer import TokenizerConfig, load_named

    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["evil.Evil", None]}}))
    (folder / "config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": "evil.Evil"}, "model_type": "evil"}))
    with pytest.raises(UserError, match="cannot be loaded"):
        load_named(TokenizerConfig(name=str(folder)))
    assert not (tmp_path / "ran").exists()


PASSWORD, TOKEN = "hunter2-and-more", "hf_abcdefghijklmnopqrstuvwxyz0123"


@pytest.mark.parametrize("fails", [False, True])
def test_passwords_and_tokens_never_reach_the_console_the_log_or_anything_that_is_kept(make_project, fails, monkeypatch):
    project = make_small(make_project(), {"qa": {**QA, "path": "qa.jsonl"}})
    write_rows(project, "qa.jsonl", questions(1, 20))
    address = f"http://anna:{PASSWORD}@127.0.0.1:9/mlflow"
    (project / "conf" / "tiny" / "mlflow.yml").write_text(f"enabled: true\ntracking_uri: {address}\npatience_seconds: 3\n")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    name = f"https://anna:{PASSWORD}@example.org/{TOKEN}" if fails else "trained"
    words = [f"--params=tokenize.tokenizer.name={name},engine.workers=1"] if fails else []
    words += [] if fails else ["--to-nodes=curate.ingest.list_quarantined"]
    result = kedro(project, "run", "--pipeline=curate", "--env=tiny", *words)
    assert result.returncode == int(fails), result.stderr
    kept = {"the console": (result.stdout + result.stderr).encode()}
    kept |= {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}
    told = {name for name, content in kept.items() if PASSWORD.encode() in content or TOKEN.encode() in content}
    assert told == {"conf/tiny/mlflow.yml"}
    recorded = any(name.startswith("data/07_reports/runs") for name in kept)
    assert recorded != fails, "a run that is refused before it begins leaves no record"
    assert "logs/polymath.log" in kept


def test_a_message_does_to_a_terminal_nothing_that_names_in_the_data_ask_for():
    said = str(unknown("x.fields.text", "t\x1b[2J", "column", ["\x1b]0;owned\x07", "a\nb", "x" * 5000]))
    assert said.isprintable()
    assert "\\x1b]0;owned" in said
    assert len(said) < 300
