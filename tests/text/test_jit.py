import importlib
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import polymath.text
from polymath.text.jit import I64, INT, Kernel, helper, kernel


@pytest.fixture
def double() -> Kernel:
    @kernel(I64, INT)
    def double(values, times):
        total = 0
        for value in values:
            total += value * times
        return total

    Kernel.every.remove(double)
    return double


def test_a_kernel_compiles_when_it_is_first_called(double):
    assert "compiled" not in vars(double)
    assert double(np.array([1, 2]), 2) == 6
    assert "compiled" in vars(double)


def test_writable_and_read_only_arrays_share_one_compilation(double):
    writable, read_only = np.array([1, 2]), np.array([3])
    read_only.flags.writeable = False
    assert (double(writable, 2), double(read_only, 2)) == (6, 6)
    assert len(double.compiled.signatures) == 1


def test_a_kernel_refuses_other_types(double):
    with pytest.raises(TypeError, match="No matching definition"):
        double(np.array([1.5]), 2)


def test_a_kernel_can_call_helpers():
    @helper
    def increase(value):
        return value + 1

    @kernel(INT)
    def twice(value):
        return increase(increase(value))

    Kernel.every.remove(twice)
    assert twice(1) == 3


def test_importing_the_package_does_not_import_numba():
    code = "import sys, polymath.text; sys.exit('numba' in sys.modules or 'datasketch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_every_module_imports_no_optional_library():
    names = [f"polymath.text.{module.name}" for module in pkgutil.iter_modules(polymath.text.__path__)]
    code = f"import sys, {', '.join(names)}; sys.exit(bool({{'datasketch', 'ftfy', 'kedro'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_warming_up_compiles_every_kernel():
    polymath.text.warmup()
    assert Kernel.every
    assert all("compiled" in vars(each) for each in Kernel.every)


def test_compiled_code_is_stored_under_the_digest_of_all_sources():
    words = importlib.import_module("polymath.text.words")
    name, digest = words._count_words.compiled.py_func.__qualname__.split(".")
    assert (name, len(digest)) == ("_count_words", 8)
