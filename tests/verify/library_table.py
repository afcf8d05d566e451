"""``make models``: every model of the library against CVODE, and its cost: writes docs/cellmodels.md and checks.json.

``--only NAME`` (repeatable) measures some and keeps what is known of the others; ``--cost`` times the kernels, too.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # for "python tests/verify/library_table.py"

import verify.library_rhs as library_rhs  # noqa: E402

from hpc_twin.cellmodels.registry import CHECKS, LIBRARY  # noqa: E402
from hpc_twin.parallel import TwinError  # noqa: E402
from hpc_twin.singlecell.biomarkers import COMPARED, differences  # noqa: E402
from hpc_twin.singlecell.experiment import Experiment, Outcome, perform, reference  # noqa: E402

PAGE, FIGURES = ROOT / "docs" / "cellmodels.md", ROOT / "tests" / "verify" / "library_figures.json"
TRIED = (("auto", 0.02), ("auto2", 0.02), ("auto2", 0.01), ("auto2", 0.005))  # scheme, dt [ms]
ALLOWED = 1.0  # per cent; the first of TRIED with less is taken
BEATS = 4
COST = ("ns", "limit_fraction", "scalar_ratio", "vectorised")

HEAD = """# The library of cell models

Made by `make models` (tests/verify/library_table.py). Every model is typed in from its paper.

**Right-hand side**: held against a published file of the same model at 1000 random states, to {tolerance}, where there
is such a file (then {tolerance} stands in the table), else against the paper's equations (`paper`), by
tests/verify/test_library_*.py.

**Against CVODE**: {beats} beats with the model's own stimulus (twice the threshold where it has none; none where the
cell drives itself) from its initial state. **Scheme** and **dt** are the first of `auto` at 0.02 ms and `auto2` (second
order, twice the cost) at 0.02, 0.01 and 0.005 ms at which every biomarker of the last beat is within 1 % of CVODE's.
APD90 in ms, upstroke in mV/ms, V in mV, calcium in the model's unit; in brackets the difference from CVODE in %: V at
rest and its peak of the amplitude, all others of themselves. The last column is what `auto` at 0.02 ms misses by more.

"""
COST_HEAD = """
## Cost

Nanoseconds per cell and step on one core; the share of the limit that exponentials, divisions and state traffic set on
the same machine; and the time of plain C (-O3) over ours. Scheme `auto`, by tests/bench/cells.py.

"""


def measure(name: str, tried: Iterable[tuple[str, float]] = TRIED, beats: int = BEATS) -> dict:
    """Biomarkers of the last beat, their differences from CVODE [%], and the scheme and dt at which they are small."""
    found: dict = {}
    for scheme, dt in tried:
        try:
            outcome = perform(Experiment(name, scheme=scheme, dt=dt, beats=beats))
        except TwinError as error:
            print(f"{name}, {scheme} at dt = {dt:g} ms: {error}", flush=True)
            continue
        percent = differences(outcome.beats[-1], reference(outcome)[0][-1])
        first = found.get("first", {"scheme": scheme, "dt": dt, "percent": percent})
        found = {"scheme": scheme, "dt": dt, "percent": percent, "first": first, **_figures(outcome, percent)}
        if found["difference"] <= ALLOWED:
            break
    return found


def _figures(outcome: Outcome, percent: dict[str, float]) -> dict:
    return {
        "states": len(outcome.kernel.state_names) + 1,
        "difference": max(map(abs, percent.values())),
        "values": {name: getattr(outcome.beats[-1], name) for name in percent},
    }


def right_hand_sides() -> set[str]:
    """The models that tests compare with a published file, those tests having passed."""
    passed: set[str] = set()
    check = library_rhs.check

    def recorded(name: str, *arguments, **options) -> None:
        check(name, *arguments, **options)
        passed.add(name)

    library_rhs.check = recorded
    tests = sorted(Path(__file__).parent.glob("test_library_?.py"))
    pytest.main(["-q", "-k", "not smooth and not units and not fires", *map(str, tests)])
    return passed


def page(figures: dict, compared: set[str]) -> str:
    """docs/cellmodels.md."""
    tolerance = f"{library_rhs.TOLERANCE:g}"
    head = ["model", "species, tissue", "states", "right-hand side", "scheme", "dt [ms]", *COMPARED, "auto at 0.02 ms"]
    rows = [head]
    for name, entry in LIBRARY.items():
        f, status = figures[name], tolerance if name in compared else "paper"
        cells = [_cell(f, marker) for marker in COMPARED]
        what = [f"`{name}`", f"{entry.species}, {entry.tissue}", f"{f['states']}", status, f["scheme"], f"{f['dt']:g}"]
        rows.append([*what, *cells, _first(f)])
    sources = [["model", "source", "licence of the source"]]
    sources += [[f"`{name}`", entry.source, entry.licence] for name, entry in LIBRARY.items()]
    text = HEAD.format(tolerance=tolerance, beats=BEATS) + _table(rows) + "\n## Sources\n\n" + _table(sources)
    costs = {name: figures[name]["cost"] for name in LIBRARY if "cost" in figures[name]}
    timed = [[f"`{name}`", *(_figure(cost[column]) for column in COST)] for name, cost in costs.items()]
    titles = ["model", "ns", "of the limit", "plain C / ours", "vectorised whole"]
    return text + (COST_HEAD + _table([titles, *timed]) if timed else "")


def _plain(value) -> float | bool:
    """For JSON: no numpy."""
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def _figure(value: float | bool) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value:.3g}"


def _first(figures: dict) -> str:
    """The biomarkers that the first scheme misses by more than is allowed."""
    percent = figures["first"]["percent"]
    return ", ".join(f"{name} {value:+.1f}" for name, value in percent.items() if abs(value) > ALLOWED)


def _cell(figures: dict, marker: str) -> str:
    if marker not in figures["percent"]:
        return ""
    return f"{figures['values'][marker]:.4g} ({figures['percent'][marker]:+.2f})"


def _table(rows: list[list[str]]) -> str:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *others]) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(LIBRARY), default=[])
    parser.add_argument("--cost", action="store_true")
    wanted = parser.parse_args()
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for name in wanted.only or LIBRARY:
        figures[name] = {**figures.get(name, {}), **measure(name)}
        if wanted.cost:
            from bench.cells import cost

            measured = asdict(cost(name, "auto"))
            figures[name]["cost"] = {key: _plain(measured[key]) for key in COST}
        print(
            f"{name}: {figures[name]['difference']:.2f} % by {figures[name]['scheme']} at {figures[name]['dt']:g} ms",
            flush=True,
        )
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    figures = {name: figures[name] for name in LIBRARY if name in figures}
    checks = {name: {key: f[key] for key in ("states", "scheme", "dt", "difference")} for name, f in figures.items()}
    CHECKS.write_text(json.dumps(checks, indent=1) + "\n")
    if figures.keys() == LIBRARY.keys():
        PAGE.write_text(page(figures, right_hand_sides()))


if __name__ == "__main__":
    main()
