"""The compiler and its cache, and the mathematics that every kernel is given."""

import ctypes
import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

from hpc_twin import compiling as compiler
from hpc_twin.cellmodels.kernels.prelude import PRELUDE
from hpc_twin.parallel import InputError, RunError, world

SOURCE = "double twice(double x) { return 2 * x; }\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "hpc_twin"


def test_compiles_once(cache, monkeypatch):
    (path,) = compiler.build([SOURCE], world())
    assert path.parent == cache
    written = path.stat().st_mtime_ns
    monkeypatch.setattr(compiler, "_compiled", lambda *_: pytest.fail("compiled although it is in the cache"))
    assert compiler.build([SOURCE, SOURCE], world()) == [path, path]
    assert path.stat().st_mtime_ns == written
    assert sorted(cache.iterdir()) == [path, path.with_suffix(".txt")]


def test_several_compile_at_once(cache, monkeypatch):
    """Both must be under way before either ends."""
    meeting, compiled = threading.Barrier(2), compiler._compiled
    monkeypatch.setattr(compiler, "_cores", lambda: 2)
    monkeypatch.setattr(compiler, "_compiled", lambda *a: (meeting.wait(timeout=60), compiled(*a))[1])
    paths = compiler.build([SOURCE, SOURCE + "\n", SOURCE], world())
    assert paths[0] == paths[2] != paths[1] and all(path.exists() for path in paths)


def test_two_jobs_may_compile_the_same_at_the_same_time(cache):
    """Processes that share a home: all get the one library, whole, and nothing half-written stays."""
    program = f"from hpc_twin.compiling import build_here; print(build_here({SOURCE!r}))"
    jobs = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    paths = {job.communicate(timeout=120)[0].strip() for job in jobs}
    assert [job.returncode for job in jobs] == [0, 0, 0]
    (path,) = paths
    assert ctypes.CDLL(path).twice and sorted(p.suffix for p in cache.iterdir()) == [".so", ".txt"]


def test_a_home_that_cannot_be_written_is_replaced(tmp_path, monkeypatch):
    """/proc takes no folders, not even from root."""
    monkeypatch.setattr(compiler.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert compiler.build_here(SOURCE).parent.parent == tmp_path


def test_the_key_knows_source_flags_and_compiler(cache, monkeypatch):
    first = compiler.build_here(SOURCE)
    assert compiler.build_here(SOURCE + "\n") != first
    monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-DX"))
    assert compiler.build_here(SOURCE) != first


def test_no_compiler(cache, monkeypatch):
    monkeypatch.setenv("PATH", str(cache))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(InputError, match="apt install gcc"):
        compiler.build_here(SOURCE)
    monkeypatch.setenv("CC", "icc-of-1999 -O2")
    with pytest.raises(InputError, match="icc-of-1999"):
        compiler.build_here(SOURCE)


def test_a_compiler_variable_that_cannot_be_read(cache, monkeypatch):
    monkeypatch.setenv("CC", "'gcc")
    with pytest.raises(InputError, match="the variable CC: found 'gcc"):
        compiler.find_compiler()


def test_a_damaged_library_is_told(tmp_path):
    (tmp_path / "empty.so").write_bytes(b"")
    with pytest.raises(RunError, match="cannot load what was compiled"):
        compiler.opened(tmp_path / "empty.so")


def test_source_that_does_not_compile(cache):
    with pytest.raises(RunError, match="failed"):
        compiler.build_here("double twice(double x) { return y; }\n")
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_used_is_replaced(tmp_path, monkeypatch):
    """A file where the folder should be, and a folder that others may write to."""
    monkeypatch.setattr(compiler.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    folder = compiler.cache_folder()
    assert folder.parent == tmp_path and stat.S_IMODE(folder.stat().st_mode) == 0o700
    os.chmod(folder, 0o777)
    assert compiler.cache_folder() not in (folder, tmp_path / "file")


def _vector(function):
    """A function of the prelude, over arrays."""
    loop = f"#pragma omp simd\nfor (long i = 0; i < n; i++) y[i] = {function}(x[i]);"
    text = f"void f(long n, const double *x, double *y)\n{{\n{loop}\n}}\n"
    compiled = ctypes.CDLL(str(compiler.build_here(PRELUDE + text))).f

    def call(values):
        x = np.ascontiguousarray(values, dtype=float)
        y = np.empty_like(x)
        compiled(ctypes.c_long(x.size), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data))
        return y

    return call


def _worst(function, exact, x):
    """Largest error in units in the last place."""
    true = exact(x.astype(np.longdouble))
    return (np.abs(function(x) - true) / np.spacing(np.abs(true).astype(float))).max()


def test_exponential(cache):
    """To two units in the last place, for an x that is off by a quarter of one."""
    exp, random = _vector("twin_exp"), np.random.default_rng(3)
    for low, high in ((-707, 709), (-40, 40), (-1, 1), (-1e-9, 1e-9)):
        x = random.uniform(low, high, 100_000)
        error = np.abs(exp(x) / np.exp(x.astype(np.longdouble)) - 1)
        assert (error <= 2.2e-16 * (2 + np.abs(x) / 4)).all()
    x = [0.0, np.inf, -np.inf, 710.0, 1e300, -746.0, -1e300, -1e17, 1e17]
    np.testing.assert_array_equal(exp(x), [1, np.inf, 0, np.inf, np.inf, 0, 0, 0, np.inf])
    assert np.isnan(exp([np.nan, -np.nan, 1, 2, 3, 4, 5, 6, np.nan]))[[0, 1, 8]].all()
    np.testing.assert_allclose(exp([709.4, -707.9]), np.exp([709.4, -707.9]), rtol=5e-14)


def test_logarithm(cache):
    log, random = _vector("twin_log"), np.random.default_rng(3)
    for low, high in ((-700, 700), (-1, 1), (-1e-3, 1e-3), (-1e-9, 1e-9)):
        assert _worst(log, np.log, np.exp(random.uniform(low, high, 100_000))) < 1.5
    with np.errstate(all="ignore"):
        for x in (
            1.0,
            0.0,
            -0.0,
            np.inf,
            -np.inf,
            -1.0,
            np.nan,
            5e-324,
            1e-310,
            np.finfo(float).max,
            2.2250738585072014e-308,
        ):
            np.testing.assert_allclose(log([x] * 9), np.log([x] * 9), rtol=1e-15)


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "asin", "acos", "atan"])
def test_trigonometry(cache, name):
    ours, exact, random = _vector(f"twin_{name}"), _EXACT[name], np.random.default_rng(3)
    ranges = (
        ((-1, 1), (-1e-9, 1e-9), (-0.999999, -0.5)) if name in ("asin", "acos") else ((-9, 9), (-1, 1), (-1e6, 1e6))
    )
    for low, high in ranges:
        x = random.uniform(low, high, 100_000)
        true = exact(x.astype(np.longdouble))
        assert (np.abs(ours(x) - true) <= 4.5e-16 * (np.abs(true) if name == "tan" else 1) * (1 + true * true)).all()
    ends = [0.0, 1.0, -1.0, np.nan, np.inf, -np.inf]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours(ends), exact(np.array(ends)), rtol=4e-16)


_EXACT = {"sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan}


def test_power(cache):
    x, y = np.meshgrid(
        [0.0, 0.3, 1.0, 7.5, 1e90, np.inf, -2.0, -1.0, -0.1, np.nan], [-3, -2.5, 0, 0.31, 1, 2, 3.3, np.nan]
    )
    text = "void f(long n, const double *x, const double *y, double *z)\n{\n#pragma omp simd\n"
    text += "for (long i = 0; i < n; i++) z[i] = twin_pow(x[i], y[i]);\n}\n"
    compiled, z = ctypes.CDLL(str(compiler.build_here(PRELUDE + text))).f, np.empty(x.size)
    compiled(ctypes.c_long(x.size), *(ctypes.c_void_p(a.ctypes.data) for a in (x, y, z)))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(z, np.power(x, y).ravel(), rtol=1e-13)
