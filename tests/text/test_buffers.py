import itertools
import subprocess
import sys
import textwrap

import numpy as np
import pyarrow as pa
import pytest

from polymath.text.buffers import as_strings, plain_text, utf8_text

TEXTS = ["one", "", "สอง", "three"]


def values(array) -> list[bytes]:
    data, offsets = as_strings(array)
    return [bytes(data[start:end]) for start, end in itertools.pairwise(offsets)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_every_type_of_text_shows_the_same_values(kind):
    assert values(pa.array(TEXTS, kind)) == [text.encode() for text in TEXTS]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_every_type_of_binary_shows_the_same_values(kind):
    assert values(pa.array([text.encode() for text in TEXTS], kind)) == [text.encode() for text in TEXTS]


def test_large_strings_are_not_copied():
    array = pa.array(TEXTS, pa.large_string())
    data, offsets = as_strings(array)
    assert data.ctypes.data == array.buffers()[2].address
    assert offsets.ctypes.data == array.buffers()[1].address


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_slice_shows_its_own_values(kind):
    assert values(pa.array(TEXTS, kind).slice(1, 2)) == [b"", "สอง".encode()]


def test_chunks_are_joined():
    chunked = pa.chunked_array([["a", "b"], ["c"]])
    assert values(chunked) == [b"a", b"b", b"c"]
    assert values(chunked.slice(1)) == [b"b", b"c"]


@pytest.mark.parametrize("empty", [pa.array([], pa.string()), pa.chunked_array([], pa.large_string()), pa.nulls(0)])
def test_no_values_are_no_rows(empty):
    assert as_strings(empty).rows == 0


def test_nulls_are_empty_values():
    assert values(pa.array(["a", None, "b"])) == [b"a", b"", b"b"]
    assert values(pa.nulls(2)) == [b"", b""]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_a_null_that_spans_bytes_is_an_empty_value(kind):
    offsets, data, validity = np.array([0, 3, 6, 9], np.int32), b"abcdefghi", b"\x05"
    array = pa.Array.from_buffers(kind, 3, [pa.py_buffer(validity), pa.py_buffer(offsets), pa.py_buffer(data)])
    assert values(array) == [b"abc", b"", b"ghi"]


def test_dictionaries_are_decoded():
    assert values(pa.array(["a", "b", "a", None]).dictionary_encode()) == [b"a", b"b", b"a", b""]


@pytest.mark.parametrize("array", [pa.array([1, 2]), pa.array([["a"]])])
def test_what_is_not_text_is_refused(array):
    with pytest.raises(TypeError, match="array of text"):
        plain_text(array)


def test_binaries_that_are_not_utf8_are_refused_where_text_is_needed():
    assert utf8_text(pa.array([b"ok"])).type == pa.string()
    with pytest.raises(pa.ArrowInvalid, match="UTF8"):
        utf8_text(pa.array([b"\xff"]))


GUARDED = """
    import ctypes, mmap
    import numpy as np
    from polymath.text import minhash, ngrams, normalize, pii, projection, scripts, shingles, signals, words
    from polymath.text.buffers import Strings

    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    whole = np.frombuffer(memory, np.uint8)
    PROT_NONE = 0
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(whole.ctypes.data + page), ctypes.c_size_t(page), PROT_NONE) == 0
    index = ngrams.build_index(Strings(np.frombuffer(b"a b c d", np.uint8), np.array([0, 7])), 3, 2)
    broken = ("ก".encode()[:2], b"\\xf0", b"\\xf0\\x9f\\x98", b"\\x80", b"\\xc3")
    for tail in (b"a b c d", b"x\\n\\nlast.", "ก".encode(), b"...", b"&am", *broken):
        for size in (len(tail), 40):
            text = (b"the cat sat on 10.1.2. " * 4 + tail)[-size:]
            data = whole[page - len(text) : page]
            data[:] = np.frombuffer(text, np.uint8)
            for offsets in (np.array([0, len(text)]), np.array([0, len(text) // 2, len(text)])):
                strings = Strings(data, offsets)
                params, rows = shingles.ShingleParams(), np.arange(strings.rows)
                words.count_words(strings), words.hash_words(strings), scripts.main_scripts(strings)
                shingles.shingle_sets(strings, rows, params), shingles.shingle_counts(strings, params)
                minhash.signatures(strings, params, minhash.permutations()), signals.measure(strings)
                ngrams.matches(index, strings), ngrams.build_index(strings, 3, 2)
                normalize.scan(strings), pii._scan(*strings), projection.hashed_counts(strings, 64, 100)
    print("survived")
"""


def test_no_kernel_reads_beyond_its_buffer_even_if_the_bytes_are_not_utf8():
    # The buffer ends where a page begins that must not be touched: one byte too far ends the process.
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(GUARDED)], capture_output=True, text=True, check=False)
    assert done.stdout == "survived\n", done.stderr
