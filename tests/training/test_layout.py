"""Laying a batch on a machine: the lowest ZeRO stage and the largest micro-batch that fit."""

import pytest

from polymath.errors import UserError
from polymath.planning.budget import GPUs
from polymath.planning.shapes import ANATOMIES
from polymath.training.config import HardwareConfig, Machine, ModelConfig, Start, TrainConfig
from polymath.training.layout import lay_out
from polymath.training.machine import find_machine

GIB = 2**30
LLAMA_70B = {
    "model_type": "llama", "vocab_size": 32000, "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80,
    "num_attention_heads": 64, "num_key_value_heads": 8, "max_position_embeddings": 4096,
}  # fmt: skip


def start(**changed):
    architecture = {**LLAMA_70B, **changed}
    return Start(kind="hub", name="llama", architecture=architecture, anatomy=ANATOMIES["llama"](architecture))


def gpus(count, gib=80.0, nodes=1, cpu_gib=200.0):
    return Machine(
        kind="a100", gpus=True, ranks=count, nodes=nodes, memory=gib * GIB, cpu_memory=cpu_gib * GIB, peak_flops=312e12
    )


def laid(start_, machine, model=None, hardware=None, batch=64, tokens=2048, precision="bf16"):
    train = TrainConfig(precision=precision)
    return lay_out(start_, ModelConfig(**model or {}), train, HardwareConfig(**hardware or {}), machine, batch, tokens)


def test_a_70b_model_with_adapters_takes_stage_3_on_eight_gpus_of_80_gib():
    layout, need = laid(start(), gpus(8), {"lora": {"rank": 16}, "gradient_checkpointing": True})
    assert (layout.zero, layout.offload) == (3, "none")
    assert layout.batch == 64
    assert layout.deepspeed["zero_optimization"]["stage"] == 3
    assert need.total < 72 * GIB


def test_a_70b_model_in_full_lies_in_the_cpus_memory_where_that_is_large_enough():
    layout, need = laid(start(), gpus(8, 40), {"gradient_checkpointing": True})
    assert (layout.zero, layout.offload) == (3, "optimizer")
    assert layout.deepspeed["zero_optimization"]["offload_optimizer"]["device"] == "cpu"
    assert need.offloaded == pytest.approx(14 * 70e9 / 8, rel=0.02)
    with pytest.raises(UserError, match=r"'llama' does not fit: each of 8 ranks would need .* GiB"):
        laid(start(), gpus(8, 40, cpu_gib=100), {"gradient_checkpointing": True})


def test_a_small_model_is_split_nowhere():
    layout, _ = laid(start(hidden_size=512, intermediate_size=1024, num_hidden_layers=4), gpus(8))
    assert layout.zero == 0
    assert layout.deepspeed is None
    assert layout.micro_batch == 8


def test_on_slow_links_less_is_told_at_once():
    sizes = {}
    for name, link in (("nvlink", 300e9), ("pcie", 32e9), ("unknown", None)):
        machine = gpus(8).model_copy(update={"link": link})
        layout, _ = laid(start(), machine, {"lora": {}, "gradient_checkpointing": True})
        sizes[name] = layout.deepspeed["zero_optimization"]["reduce_bucket_size"]
    assert sizes == {"nvlink": 500_000_000, "pcie": 160_000_000, "unknown": 500_000_000}


def test_between_nodes_the_gpus_share_the_network(tmp_path):
    (tmp_path / "hosts").write_text("one slots=8\ntwo slots=8\n")
    kinds = GPUs.model_validate(
        {"a100": {"peak_flops": 312e12, "memory_gib": 80, "link_gb_s": 300, "price": 1.8, "source": "its data sheet"}}
    )
    dials = {"kind": "a100", "gpus": 8, "hostfile": str(tmp_path / "hosts")}
    assert find_machine(HardwareConfig(**dials), kinds).link == 300e9
    assert find_machine(HardwareConfig(**dials, network_gb_s=200), kinds).link == 25e9
    assert find_machine(HardwareConfig(**{**dials, "hostfile": None}, network_gb_s=200), kinds).link == 300e9


def test_on_several_nodes_stage_3_keeps_the_weights_within_each():
    layout, _ = laid(start(), gpus(16, nodes=2), {"lora": {}, "gradient_checkpointing": True}, {"zero": 3})
    assert layout.deepspeed["zero_optimization"]["zero_hpz_partition_size"] == 8


@pytest.mark.parametrize(
    ("hardware", "batch", "message"),
    [
        ({}, 9, "8 ranks cannot share global batches of 9 sequences evenly; use 3 ranks"),
        ({"micro_batch": 3}, 64, "hardware.micro_batch: 3 does not divide the 8 sequences .* choose one of 1, 2, 4, 8"),
    ],
)
def test_batches_that_cannot_be_shared_out_name_what_could(hardware, batch, message):
    with pytest.raises(UserError, match=message):
        laid(start(num_hidden_layers=1), gpus(8), hardware=hardware, batch=batch)
