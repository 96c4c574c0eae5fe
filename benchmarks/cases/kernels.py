"""Kernels against peers: near-duplicates, filters, tokens."""

from dataclasses import asdict
from pathlib import Path

from benchmarks import quality
from benchmarks.corpus import Corpus, samples
from benchmarks.run import Measured, call
from benchmarks.table import Row, used

LEAST_RECALL = 0.995


def against_datasketch(corpus: Corpus, folder: Path) -> list[Row]:
    """Text to keep mask, verified and without chains, against 16 bands of 8 that are not verified."""
    peer = call("benchmarks.peers.sketches:datasketch", asdict(corpus))
    return [_dedup(corpus, peer, "near-duplicates, text to keep mask, against datasketch 2 (16x8)", 30, LEAST_RECALL)]


def against_rensa(corpus: Corpus, folder: Path) -> list[Row]:
    """The same against rensa's documented helper."""
    peer = call("benchmarks.peers.sketches:rensa", asdict(corpus))
    least = quality.recall(corpus, peer.answer["removed"])
    return [_dedup(corpus, peer, "near-duplicates, text to keep mask, against rensa's RMinHashDeduplicator", 10, least)]


def _dedup(corpus: Corpus, peer: Measured, work: str, times: float, least: float) -> Row:
    ours = call("benchmarks.ours:dedup", asdict(corpus))
    found, theirs = _recalls(corpus, ours, peer)
    wrong = quality.unfounded(corpus, ours.answer["removed"], ours.answer["keepers"])
    ratio = peer.seconds / ours.seconds
    told = f"recall {found:.4f} (peer {theirs:.4f}); removals that do not hold: {wrong} of {len(ours.answer['removed']):,}"
    told += f" (peer: {1 - quality.precision(corpus, peer.answer['removed']):.1%} without a partner at 0.8)"
    holds = ratio >= times and found >= least and not wrong
    return _row(corpus, work, times, ratio, holds, ours, peer, told)


def against_four_stages(corpus: Corpus, folder: Path) -> list[Row]:
    """Parquet to Parquet, start-up included."""
    peer = call("benchmarks.peers.trove:stages", asdict(corpus), str(folder / "trove"))
    ours = call("benchmarks.ours:dedup_files", asdict(corpus), str(folder / "unique.parquet"))
    peer.answer["seconds"], ours.answer["seconds"] = peer.cpu, ours.cpu
    found, theirs = _recalls(corpus, ours, peer)
    ratio = peer.cpu / ours.cpu
    work = "near-duplicates, file to file with start-up, against datatrove's four MinHash stages"
    told = f"recall {found:.4f} (peer {theirs:.4f})"
    return [_row(corpus, work, 60, ratio, ratio >= 60 and found >= LEAST_RECALL, ours, peer, told)]


def against_filters(corpus: Corpus, folder: Path) -> list[Row]:
    """Signals and decisions on whitespace words."""
    peer = call("benchmarks.peers.trove:filters", asdict(corpus))
    ours = call("benchmarks.ours:filters", asdict(corpus))
    theirs, mine = peer.answer["removed"], ours.answer["removed"]
    differing = sum(len(set(theirs[name]) ^ set(mine[name])) for name in theirs)
    ratio = peer.seconds / ours.seconds
    told = f"{differing} differing decisions on {corpus.documents:,} documents and 3 filters"
    work = "filter signals and decisions, against datatrove's Gopher quality, Gopher repetition and FineWeb (whitespace words)"
    return [_row(corpus, work, 25, ratio, ratio >= 25 and not differing, ours, peer, told)]


def against_tokenizers(corpus: Corpus, folder: Path) -> list[Row]:
    """Ids of all texts."""
    definition = str(tokenizer(folder))
    peer = call("benchmarks.ours:plain_tokens", asdict(corpus), definition)
    ours = call("benchmarks.ours:tokens", asdict(corpus), definition)
    same = peer.answer["digest"] == ours.answer["digest"]
    ratio = peer.seconds / ours.seconds
    told = f"ids {'equal' if same else 'DIFFER'} on {ours.answer['tokens']:,} tokens"
    return [_row(corpus, "tokens, against tokenizers.encode_batch_fast", 25, ratio, ratio >= 25 and same, ours, peer, told)]


def tokenizer(folder: Path) -> Path:
    """The sample folder's byte-level BPE of 50,254 entries; without it, one of 8,192 that is trained here."""
    found = samples()
    if found:
        return found / "data" / "tok_neox.json"
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from benchmarks.corpus import corpus

    path = folder / "tokenizer.json"
    if not path.exists():
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=8192, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
        )
        made.train_from_iterator(corpus(25).read().to_pylist()[:2000], trainer)
        made.save(str(path))
    return path


def _recalls(corpus: Corpus, ours: Measured, peer: Measured) -> tuple[float, float]:
    return quality.recall(corpus, ours.answer["removed"]), quality.recall(corpus, peer.answer["removed"])


def _row(corpus: Corpus, work: str, times: float, ratio: float, holds: bool, ours: Measured, peer: Measured, told: str) -> Row:
    size = corpus.megabytes
    mine, theirs = (used(each.seconds, size, each.peak_mb) for each in (ours, peer))
    return Row(work, f"{times:g} times", ratio, holds, size, mine, theirs, told)
