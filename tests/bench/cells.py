"""Cost of cell models on one core: against what their functions, divisions and states cost at least, and plain C.

``cost(name)`` for one model of the library, ``python run.py cells`` for a table of all.
"""

import ctypes
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np

from hpc_twin.cellmodels import load, names
from hpc_twin.cellmodels.kernels.codegen import generate
from hpc_twin.cellmodels.kernels.kernel import Kernel
from hpc_twin.cellmodels.kernels.pipeline import layout, lower
from hpc_twin.cellmodels.kernels.prelude import PRELUDE
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.schemes import plan
from hpc_twin.compiling import build_here, find_compiler, report

STATES = 64e6  # bytes of states: more than any cache, as in tissue
DT = 0.01  # ms
PIECE = 2048  # cells timed at once, too short a time to be interrupted often
OPERATIONS = {"exp": "twin_exp(x)", "log": "twin_log(9 + x)", "div": "1.5 / (9 + x)", "sqrt": "sqrt(9 + x)"}
LIBM = ("exp", "log", "pow", "sin", "cos", "tan", "asin", "acos", "atan")


@dataclass(frozen=True)
class Cost:
    """``ns`` per cell and step on one core; ``limit_fraction`` = limit/ns, the limit being the largest of the times

    that the exponentials and logarithms, the divisions and roots, and the states' traffic take alone on this machine
    (different units of the core do them at the same time); ``scalar_ratio`` = the time of plain C over ours.
    """

    ns: float
    limit_fraction: float
    scalar_ratio: float
    n_exp: int
    n_log: int
    n_div: int
    vectorised: bool


@cache
def machine() -> dict[str, float]:
    """ns of one vectorised operation of each kind, and of one byte of STREAM's triad in memory."""
    return {**{key: _operation(text) for key, text in OPERATIONS.items()}, "byte": 1 / _triad()}


def cost(name: str, scheme: str = "rush_larsen") -> Cost:
    """Measure a model of the library: a few seconds, runs alternate with plain C's."""
    equations = read(name)
    kernel = load(name, scheme=scheme)
    text, _ = lower(equations, scheme)
    ours, scalar = _seconds(kernel, replace(kernel, _advance=_plain(equations, scheme)))
    loops = text[text.index("#pragma omp simd") :]
    counted = {key: len(re.findall(rf"twin_{key}\(", loops)) for key in ("exp", "log", "pow")}
    counted |= {"div": loops.count(" / "), "sqrt": loops.count("sqrt(")}
    return Cost(
        ns=ours,
        limit_fraction=_limit(kernel, counted) / ours,
        scalar_ratio=scalar / ours,
        n_exp=counted["exp"] + counted["pow"],
        n_log=counted["log"] + counted["pow"],
        n_div=counted["div"],
        vectorised=bool(re.search(r"vectorized using (64|32|16) byte|vectorized loop", report(kernel.library))),
    )


def _limit(kernel: Kernel, counted: dict[str, int]) -> float:
    ns = machine()
    functions = (counted["exp"] + counted["pow"]) * ns["exp"] + (counted["log"] + counted["pow"]) * ns["log"]
    divisions = counted["div"] * ns["div"] + counted["sqrt"] * ns["sqrt"]
    traffic = 16 * (kernel.n_states + (kernel.v_initial is not None)) * ns["byte"]  # each is read and written
    return max(functions, divisions, traffic)


def _seconds(*kernels: Kernel) -> list[float]:
    """ns per cell and step of each kernel: pieces of cells by each kernel in turn, the tenth that other work spares."""
    first = kernels[0]
    n = PIECE * max(8, int(STATES / 8 / PIECE / (first.n_states + 1)))
    states = first.new_states(n)
    V = None if first.v_initial is None else np.full(n, first.v_initial)
    found: list[list[float]] = [[] for _ in kernels]
    for start in range(0, n, PIECE):
        piece = slice(start, start + PIECE)
        turn = (start // PIECE) % len(kernels)  # each piece is taken from memory by one kernel only
        found[turn].append(
            _timed(kernels[turn].advance, None if V is None else V[piece], states[:, piece], None, 0.0, DT)
        )
    return [float(np.quantile(times, 0.1)) / PIECE * 1e9 for times in found]


def _plain(equations, scheme: str) -> Callable[..., None]:
    """The same step by plain C with libm, one cell after the other, no pass of ours: ``cc -O3``."""
    step = plan(equations, scheme)
    text = generate(layout(equations), step.v_new, step.new)
    defines = "".join(f"#define twin_{name} {name}\n" for name in LIBM)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "plain.c"), Path(folder, "plain.so")
        source.write_text("#include <math.h>\n" + defines + text.replace(PRELUDE, ""))
        command = [*find_compiler(), "-std=gnu11", "-O3", "-shared", "-fPIC", source, "-o", library, "-lm"]
        subprocess.run(command, check=True, capture_output=True)
        function = ctypes.CDLL(str(library)).advance
    integer, number, address = ctypes.c_long, ctypes.c_double, ctypes.c_void_p
    function.argtypes, function.restype = (*[integer] * 2, *[number] * 2, integer, *[address] * 4, integer), None
    return function


def _operation(text: str) -> float:
    """ns of one operation on vectors in the first cache."""
    loop = f"for (long j = 0; j < m; j++) {{\n__asm__ volatile(\"\" ::: \"memory\");\n#pragma omp simd\n" \
        f"for (long i = 0; i < 512; i++) {{ const double x = a[i]; b[i] = {text}; }} }}"  # fmt: skip
    text = f"{PRELUDE}void f(long m, const double *restrict a, double *restrict b) {{ {loop} }}\n"
    function, a, b = ctypes.CDLL(str(build_here(text))).f, np.linspace(-2, 2, 512), np.empty(512)
    return min(_timed(function, ctypes.c_long(2000), *_addresses(a, b)) for _ in range(7)) / 2000 / 512 * 1e9


def _triad() -> float:
    """Bytes per ns."""
    function = ctypes.CDLL(str(build_here(Path(__file__).with_name("triad.c").read_text()))).triad
    function.restype, arrays = ctypes.c_double, [np.ones(8_000_000) for _ in range(3)]
    seconds = function(ctypes.c_long(arrays[0].size), ctypes.c_long(20), *_addresses(*arrays))
    return 24e-9 * arrays[0].size / seconds


def _addresses(*arrays: np.ndarray) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(array.ctypes.data) for array in arrays]


def _timed(function: Callable, *arguments) -> float:
    start = perf_counter()
    function(*arguments)
    return perf_counter() - start


def show(chosen: list[str] | None = None) -> None:
    """Print the table."""
    print("one operation on vectors: " + ", ".join(f"{key} {ns:.2f} ns" for key, ns in machine().items()))
    print(f"{'model':32} {'ns':>7} {'limit/ns':>9} {'plain C/ns':>11} {'exp':>4} {'log':>4} {'div':>4}  vectorised")
    for name in chosen or names():
        c = cost(name)
        print(
            f"{name:32} {c.ns:7.1f} {c.limit_fraction:9.2f} {c.scalar_ratio:11.1f} {c.n_exp:4} {c.n_log:4} {c.n_div:4}"
            f"  {'yes' if c.vectorised else 'NO'}",
            flush=True,
        )
