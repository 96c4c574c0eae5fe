"""Finding the model that a run starts from."""

import json

import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from polymath.errors import UserError
from polymath.planning.shapes import ANATOMIES
from polymath.training.config import ModelConfig
from polymath.training.start import anatomy_of, find_start, folder_digest
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from tests.training.mixes import SHAPES

OTHERS = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2},
    "qwen2": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
              "intermediate_size": 64},
}  # fmt: skip


@pytest.fixture(scope="module")
def row(made):
    return tokenizer_row(made.mix.tokenizer)


@pytest.fixture(scope="module")
def saved(row, tmp_path_factory):
    """A model of another make in a folder, with the track's tokenizer."""
    folder = tmp_path_factory.mktemp("start") / "model"
    config = AutoConfig.for_model("gpt_neox", vocab_size=320, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                                  intermediate_size=64, max_position_embeddings=128)  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    load_tokenizer(row).save_pretrained(folder)
    return folder


def find(row, name, tokens=64, **dials):
    return find_start(ModelConfig(name=str(name), **dials), SHAPES, row, tokens)


def test_a_fresh_model_gets_the_tracks_vocabulary_and_ending(row):
    start = find({**row, "vocabulary": 512, "end": 7}, "small")
    assert start.kind == "fresh"
    assert start.architecture["vocab_size"] == start.anatomy.vocabulary == 512
    assert start.architecture["eos_token_id"] == 7


def test_a_folders_model_is_counted_without_being_loaded(row, saved):
    start = find(row, saved)
    model = AutoModelForCausalLM.from_pretrained(saved)
    assert start.kind == "folder"
    assert start.anatomy.parameters == sum(each.numel() for each in model.parameters())
    assert start.digest == folder_digest(saved)


@pytest.mark.parametrize("kind", OTHERS)
def test_an_architecture_without_a_formula_is_counted_from_its_outline(kind):
    config = AutoConfig.for_model(kind, vocab_size=100, **OTHERS[kind])
    assert kind not in ANATOMIES
    model = AutoModelForCausalLM.from_config(config)
    assert anatomy_of(config).parameters == sum(each.numel() for each in model.parameters())


def test_a_tokenizer_that_is_not_the_tracks_is_refused(row, saved):
    definition = json.loads(row["definition"])
    vocabulary = definition["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    with pytest.raises(UserError, match=r"is not the one that the track was made with \(2 of the track's 287 tokens"):
        find({**row, "definition": json.dumps(definition)}, saved)


@pytest.mark.parametrize(
    ("name", "dials", "message"),
    [
        ("smal", {}, "'smal' is no shape, no folder, and no model that can be read from the hub .* did you mean 'small'"),
        ("./nothing", {}, "model.name: ./nothing: there is no such folder; name the folder of a model, a hub id or a shape"),
        ("small", {"lora": {}}, "model.lora: 'small' is a fresh model"),
    ],
)
def test_what_is_wrong_with_a_model_is_told(row, name, dials, message):
    with pytest.raises(UserError, match=message):
        find(row, name, **dials)


def test_an_empty_folder_is_no_model(row, tmp_path):
    with pytest.raises(UserError, match=r"holds no model \(no config.json\)"):
        find(row, tmp_path)


def test_a_model_too_short_for_the_tracks_sequences_is_refused(row):
    with pytest.raises(UserError, match="'small' takes 128 tokens at most, but the track's sequences have 256"):
        find(row, "small", tokens=256)
