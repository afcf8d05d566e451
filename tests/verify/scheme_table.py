"""Measure the schemes of cells and write docs/schemes.md.

.venv/bin/python tests/verify/scheme_table.py      (about 5 minutes on one core, most of it compiling)
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from verify.cell_orders import MARKOV, STIFF, WINDOWS, error, exact  # noqa: E402

from hpc_twin.cellmodels import load, names  # noqa: E402
from hpc_twin.cellmodels.reading.reader import read  # noqa: E402
from hpc_twin.cellmodels.schemes import SCHEMES, plan  # noqa: E402
from hpc_twin.singlecell.cvode import solve  # noqa: E402

PULSE = 1.0, 40.0  # ms, mV/ms
UNTIL, EVERY = 500.0, 0.1  # ms
STEPS = (0.01, 0.02, 0.05)
BEATS = (
    *("tentusscher_2006_epi", "ohara_rudy_2011_endo", "ohara_rudy_cipa_2017"),
    *("grandi_pasqualini_bers_2010_epi", "mahajan_shiferaw_2008", "fabbri_2017"),
)
COMPARED = ("forward_euler", "rush_larsen", "auto", "auto2", "grl2")
N_CELLS, N_STEPS, REPEATS = 1024, 20, 40
TEXT = Path(__file__).with_name("schemes_text.md")


def orders() -> str:
    """A row for each model and a column for each scheme: order, and error of the finer run."""
    rows = [["model", "steps per ms", *SCHEMES], ["---"] * (2 + len(SCHEMES))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "markov.mmt")
        path.write_text(MARKOV)
        for name, window in WINDOWS.items():
            model = path if name == STIFF else name
            end, row = exact(model, window), [name, f"{window[2]}, {2 * window[2]}"]
            for scheme in SCHEMES:
                kernel = load(model, scheme=scheme)
                first, second = (error(kernel, window, factor, end) for factor in (1, 2))
                row.append(f"{np.log2(first / second):.2f} ({second:.0e})")
            rows.append(row)
    return _table(rows)


def beats() -> str:
    """RMS error of V [mV] over a beat for each step, and the cost of a step beside Rush-Larsen."""
    rows = [["model", "scheme", *(f"dt = {dt:g} ms" for dt in STEPS), "cost"], ["---"] * (3 + len(STEPS))]
    for name in BEATS:
        times = np.arange(0, UNTIL + EVERY / 2, EVERY)
        reference = solve(read(name), times, stimulus=[(0.0, *PULSE)]).V
        kernels = {scheme: load(name, scheme=scheme) for scheme in COMPARED}
        costs = _costs(kernels)
        for scheme, kernel in kernels.items():
            errors = [_text(np.sqrt(np.mean((_beat(kernel, dt) - reference) ** 2))) for dt in STEPS]
            rows.append([name, scheme, *errors, f"{costs[scheme] / costs['rush_larsen']:.2f}"])
    return _table(rows)


def choices() -> str:
    """What ``auto`` does with each model of the library."""
    rows = [["model", "Rush-Larsen", "forward Euler", "implicit", "GRL1"], ["---"] * 5]
    for name in names():
        methods = plan(read(name), "auto").methods
        count = Counter(m.method for m in methods)
        blocks = dict.fromkeys(m.together for m in methods if m.together)
        implicit = "; ".join(" ".join(block) for block in blocks)
        tangents = " ".join(m.state for m in methods if m.method == "grl1")
        rows.append([name, str(count["rush_larsen"]), str(count["forward_euler"]), implicit, tangents])
    return _table(rows)


def _beat(kernel, dt):
    V, states, found = np.array([kernel.v_initial]), kernel.new_states(1), [kernel.v_initial]
    for k in range(round(UNTIL / EVERY)):
        stimulus = np.array([PULSE[1]]) if k < round(PULSE[0] / EVERY) else None
        kernel.advance(V, states, stimulus, k * EVERY, EVERY, round(EVERY / dt))
        found.append(V[0])
    return np.array(found)


def _costs(kernels) -> dict[str, float]:
    """The shortest time of N_STEPS steps of N_CELLS cells, by turns."""
    best = dict.fromkeys(kernels, np.inf)
    for _ in range(REPEATS):
        for scheme, kernel in kernels.items():
            V, states = np.full(N_CELLS, kernel.v_initial), kernel.new_states(N_CELLS)
            start = time.perf_counter()
            kernel.advance(V, states, None, 0.0, 0.2, N_STEPS)
            best[scheme] = min(best[scheme], time.perf_counter() - start)
    return best


def _text(value: float) -> str:
    return f"{value:.2g}" if value < 1e3 else "blows up"


def _table(rows) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _write() -> None:
    listed = [[name, str(scheme.order), scheme.description] for name, scheme in SCHEMES.items()]
    schemes = _table([["name", "order", "what it does"], ["---"] * 3, *listed])
    made = TEXT.read_text().format(orders=orders(), beats=beats(), choices=choices(), schemes=schemes)
    (ROOT / "docs" / "schemes.md").write_text(made)


if __name__ == "__main__":
    _write()
