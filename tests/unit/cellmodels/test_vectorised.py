"""Every model of the library is one loop of the widest vectors, by the compiler's own report and by the object code."""

import re
import subprocess

import pytest

from hpc_twin.cellmodels import load, names
from hpc_twin.cellmodels.expressions.ir import EVALUATE
from hpc_twin.compiling import find_compiler, report


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def width():
    """Bytes of the widest vectors of this machine, where gcc compiles for x86."""
    defined = _output(*find_compiler(), "-march=native", "-dM", "-E", "-x", "c", "/dev/null")
    if "__AVX2__" not in defined or "__linux__" not in defined or "__clang__" in defined:
        pytest.skip("not gcc on Linux with AVX2")
    return 64 if "__AVX512F__" in defined else 32


def _assert_vectorised(library, width):
    """The last loop of the file, over cells, takes ``width`` bytes at a time, and the object code calls no function."""
    lines = [int(line) for line in re.findall(rf":(\d+):.*loop vectorized using {width} byte", report(library))]
    assert lines, report(library)
    listing = _output("objdump", "-d", "--no-show-raw-insn", library)
    code = listing[listing.index("<advance>:") :]
    code = code[: code.find("\n\n")]
    assert not re.findall(r"call.*", code)
    wide = len(re.findall(rf"v(?:div|mul|add|fn?m\w+)pd .*%{'z' if width == 64 else 'y'}mm", code))
    narrow = len(re.findall(r"v(?:div|mul|add|fn?m\w+)sd ", code))
    assert wide > narrow / 16  # the narrow ones: the up to 7 cells left over, unrolled, and what no cell enters


@pytest.mark.parametrize("name", names())
def test_the_loop_is_vectorised(width, name):
    _assert_vectorised(load(name).library, width)


def test_the_loop_is_vectorised_in_mixed_precision(width):
    _assert_vectorised(load("ohara_rudy_2011_endo", precision="mixed").library, width)


def test_every_operation_has_a_vector_form(width, toy):
    """All functions, and powers of all kinds, in one model."""
    calls = [f"{op}(x)" for op in EVALUATE if op in ("floor", "ceil", "abs", "sqrt", "exp", "log", "log10")]
    calls += [f"{op}(x)" for op in ("sin", "cos", "tan", "asin", "acos", "atan")]
    calls += ["x^1.7", "x^0.75", "x^-2.5", "x^x", "2^x", "x^9", "if(x > 0.5 and not (x == 1), x, 2)", "x % 3", "x // 3"]
    _assert_vectorised(load(toy(f"-({' + '.join(calls)}) / tau")).library, width)


def test_a_loop_that_is_not_vectorised_is_noticed(width, tmp_path):
    """The check itself: a loop that carries a value from cell to cell."""
    from hpc_twin.compiling import build_here

    text = "void advance(long n, double *x)\n{\n  for (long i = 1; i < n; i++) x[i] = 1 / (1 + x[i - 1]);\n}\n"
    with pytest.raises(AssertionError):
        _assert_vectorised(build_here(text), width)
