"""Digests of tables see values, and nothing but values."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.store.digest import digest_json, digest_strings, digest_table, fold

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | st.text(max_size=6),
            "number": st.none() | st.integers(-5, 5),
            "flag": st.none() | st.booleans(),
            "list": st.none() | st.lists(st.none() | st.integers(0, 3), max_size=3),
            "turns": st.none() | st.lists(st.fixed_dictionaries({"role": st.text(max_size=3)}), max_size=2),
        }
    ),
    max_size=8,
)
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("number", pa.int64()),
        ("flag", pa.bool_()),
        ("list", pa.list_(pa.int64())),
        ("turns", pa.list_(pa.struct([("role", pa.string())]))),
    ]
)


def table(rows):
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_equal_tables_have_equal_digests_and_other_tables_have_others(left, right):
    assert (digest_table(table(left)) == digest_table(table(right))) == (left == right)


def test_nulls_alone_are_not_as_many_true():
    flags = [pa.table({"a": pa.array([value] * 3, pa.bool_())}) for value in (None, True, False)]
    assert len({digest_table(each) for each in flags}) == 3


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 8))
def test_chunks_and_slices_are_not_seen(rows, cut):
    whole = table(rows)
    chunked = pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])
    surrounded = pa.concat_tables([whole, whole, whole]).combine_chunks().slice(len(rows), len(rows))
    assert digest_table(chunked) == digest_table(whole) == digest_table(surrounded)


def test_dictionaries_and_wide_strings_are_values_like_any_other():
    plain = pa.table({"a": pa.array(["x", "y", None, "x"])})
    coded = pa.table({"a": pa.array(["x", "y", None, "x"]).dictionary_encode()})
    wide = pa.table({"a": pa.array(["x", "y", None, "x"], pa.large_string())})
    assert digest_table(plain) == digest_table(coded) == digest_table(wide)


def test_the_bounds_between_strings_count():
    assert digest_table(pa.table({"a": ["ab", "c"]})) != digest_table(pa.table({"a": ["a", "bc"]}))
    assert digest_strings(["ab", "c"]) != digest_strings(["a", "bc"])


def test_a_fixed_size_list_is_digested():
    lists = pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4], pa.uint32()), 2)
    other = pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 5], pa.uint32()), 2)
    assert digest_table(pa.table({"a": lists})) != digest_table(pa.table({"a": other}))


def test_the_order_of_a_mapping_does_not_count():
    assert digest_json({"a": 1, "b": [2]}) == digest_json({"b": [2], "a": 1})


@pytest.mark.parametrize("salt", ["a", "b"])
def test_folding_spreads_evenly(salt):
    shares = [fold(str(number), salt) for number in range(2000)]
    assert 0.45 < sum(share < 0.5 for share in shares) / 2000 < 0.55
    assert fold("x", "a") != fold("x", "b")
