"""A tokenizer folder read with and without transformers."""

import json

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

from polymath.pipelines.curate.tokenizer import TokenizerConfig, _read_by_transformers
from polymath.pipelines.curate.tokenizer_folder import read_folder

END, BEGIN = "<|endoftext|>", "<s>"


@pytest.fixture
def definition():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[END, BEGIN], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["the cat sat on the mat"] * 20, trainer)
    return tokenizer


def folder_of(path, definition, **settings):
    """A folder with a definition and settings."""
    path.mkdir()
    definition.save(str(path / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, **settings}
    (path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    return path


def by_transformers(path):
    return _read_by_transformers(TokenizerConfig(name=str(path)))


def test_what_a_folder_says_is_what_transformers_reads_in_it(tmp_path, definition):
    plain = folder_of(tmp_path / "plain", definition)
    assert read_folder(plain) == by_transformers(plain)

    template = TemplateProcessing(single=f"{BEGIN} $A", pair=f"{BEGIN} $A $B", special_tokens=[(BEGIN, 1)])
    definition.post_processor = template
    begun = folder_of(tmp_path / "begun", definition, bos_token=BEGIN, chat_template="{{ messages }}", model_max_length=512)
    found = read_folder(begun)
    assert found == by_transformers(begun)
    assert (found["begin"], found["end"], found["chat_template"]) == (1, 0, "{{ messages }}")

    (begun / "chat_template.jinja").write_text("{{ messages[0].content }}", "utf-8")
    assert read_folder(begun) == by_transformers(begun)


@pytest.mark.parametrize(
    "settings",
    [{"add_bos_token": True}, {"tokenizer_class": "LlamaTokenizer"}, {"pad_token": "<new>"}, {"pad_token": {"content": END}}],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_that_transformers_gives_a_meaning_are_left_to_it(tmp_path, definition, settings):
    assert read_folder(folder_of(tmp_path / "folder", definition, **settings)) is None


def test_a_folder_with_other_files_of_a_tokenizer_is_left_to_transformers(tmp_path, definition):
    folder = folder_of(tmp_path / "folder", definition)
    (folder / "model.safetensors").write_bytes(b"")
    assert read_folder(folder) is not None
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}), "utf-8")
    assert read_folder(folder) is None
