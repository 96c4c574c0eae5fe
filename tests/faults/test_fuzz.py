"""Thousands of files that are as bad as files can be: a UserError or records, every row accounted for, in bounded memory."""

import resource
import shutil

import pytest

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from tests.faults.fuzz_files import SUFFIXES, make_input
from tests.faults.fuzz_rows import shapes
from tests.faults.reading import check_reading

GROWTH_MB = 400
"""What the process may grow by, whatever it has read: inputs are of a megabyte at most."""


def test_the_fuzzer_knows_every_adapter():
    assert {shape.adapter for shape in shapes().values()} - {None} == {*adapters, *whole_adapters}


@pytest.mark.parametrize("inputs", [range(250), pytest.param(range(250, 10_000), marks=pytest.mark.proof)], ids=["some", "all"])
def test_whatever_files_hold_is_records_or_one_sentence_and_every_row_is_accounted_for(tmp_path, inputs):
    read, formats = 0, set()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in inputs:
        folder = tmp_path / str(seed)
        folder.mkdir()
        given = make_input(seed, folder)
        try:
            read += check_reading(given.entry, folder).said is None
        except Exception as error:
            error.add_note(given.told)
            raise
        formats.add(given.format)
        shutil.rmtree(folder)
    assert read > len(inputs) / 3, "a fuzzer whose every input is refused tries nothing"
    assert formats == set(SUFFIXES)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < GROWTH_MB, f"{grown:,.0f} MB more than before"
