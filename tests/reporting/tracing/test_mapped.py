"""Files that are read here and there."""

import resource

import numpy as np
import pytest

from polymath.reporting.tracing.mapped import MappedFiles


def test_what_is_expected_may_be_any_range_of_any_array(tmp_path):
    """Also to the last byte of a file that ends within a page, none at all, and an array that lies in no file."""
    values = np.arange(5000, dtype=np.uint16)
    values.tofile(tmp_path / "values")
    mapped = MappedFiles()
    read = np.frombuffer(mapped.map(tmp_path / "values"), np.uint16)
    for array in (read, read[4000:], values):
        mapped.expect(array, np.array([0, 10, 990]), np.array([0, 900, 1000]))
        mapped.expect(array, np.array([0]), np.array([len(array)]))
    assert (read == values).all()


@pytest.fixture
def few_files():
    """A limit of 64 files, such as systems have, only lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_files_can_be_mapped_than_a_process_may_open_at_first(tmp_path, few_files):
    mapped = MappedFiles()
    for number in range(100):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]))
        assert mapped.map(path)[0] == number
