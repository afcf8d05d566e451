"""Cases of the SBML test suite: read, integrate by CVODE, compare with the expected results.

A case passes when |found - expected| <= absolute + relative |expected| at all its times (the suite's own rule).
Run it on an archive or a folder of cases for a table: python tests/verify/sbml_suite.py [PATH] [NUMBER ...]
"""

import csv
import sys
import tarfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels.equations import TIME, Equations
from hpc_twin.cellmodels.expressions.ir import Expr, evaluate, num, var
from hpc_twin.cellmodels.reading.sbml import read_sbml
from hpc_twin.parallel import InputError
from hpc_twin.singlecell.cvode import solve

ARCHIVE = Path(__file__).parents[3] / "shared" / "reference" / "sbml" / "cases.tar.xz"
PASSED, REFUSED, WRONG = "passed", "refused", "wrong"


@dataclass(frozen=True)
class Outcome:
    """What became of a case: PASSED, REFUSED or WRONG, and why."""

    what: str
    why: str = ""


def unpacked(archive: Path, folder: Path) -> Path:
    """The cases of the archive as files in ``folder``."""
    with tarfile.open(archive) as file:
        file.extractall(folder)
    return folder


def outcome(case: Path) -> Outcome:
    """Run the case in a folder NUMBER with NUMBER-sbml-*.xml, NUMBER-settings.txt and NUMBER-results.csv."""
    try:
        equations = read_sbml(next(case.glob("*-sbml-*.xml")))
    except InputError as error:
        return Outcome(REFUSED, str(error).split(".xml: ")[-1])
    settings = _settings(next(case.glob("*-settings.txt")))
    with open(next(case.glob("*-results.csv")), newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    names, table = [name.strip() for name in rows[0][1:]], np.array(rows[1:], dtype=float)
    times, expected = table[:, 0], table[:, 1:]
    outputs = [output(equations, name, settings) for name in names]
    found = values(equations, outputs, times * float(equations.units[TIME].split()[0]))
    with np.errstate(all="ignore"):
        close = np.abs(found - expected) <= settings["absolute"] + settings["relative"] * np.abs(expected)
    close |= (found == expected) | (np.isnan(found) & np.isnan(expected))
    if close.all():
        return Outcome(PASSED)
    i, j = np.argwhere(~close)[0]
    return Outcome(WRONG, f"{names[j]} at {times[i]:g}: found {found[i, j]:g}, expected {expected[i, j]:g}")


def _settings(path: Path) -> dict:
    pairs = [line.split(":", 1) for line in path.read_text().splitlines() if ":" in line]
    texts = {key.strip(): value.strip() for key, value in pairs}
    lists = {key: {name.strip() for name in texts[key].split(",")} for key in ("amount", "concentration")}
    return {**lists, "absolute": float(texts["absolute"]), "relative": float(texts["relative"])}


def output(equations: Equations, name: str, settings: dict) -> Expr:
    """What a column of the results means: a species' amount or concentration, or the symbol itself."""
    name = f"{name}_" if name == TIME else name
    kinds = [kind for kind in ("amount", "concentration") if name in settings[kind]]
    for key in [*(f"{name}.{kind}" for kind in kinds), name]:
        if key in equations.states or key == equations.v:
            return var(key)
        if key in equations.variables:
            return equations.variables[key]
        if key in equations.parameters:
            return num(equations.parameters[key].value)
    raise KeyError(name)


def values(equations: Equations, outputs: list[Expr], times: np.ndarray) -> np.ndarray:
    """(n_times, n_outputs) at ``times`` [ms], by CVODE and numpy from t = 0."""
    states = np.zeros((0, len(times)))
    if equations.states:
        all_times = np.unique([0.0, *times])
        path = solve(equations, all_times, rtol=1e-9, atol=1e-12, compiled=False)
        states = path.states[:, np.searchsorted(all_times, times)]
    known = {TIME: times, **dict(zip(equations.states, states, strict=True))}
    return np.array([np.broadcast_to(x, times.shape) for x in evaluate(outputs, known)]).T


def main(path: Path, numbers: list[str]) -> None:
    """Print every case that does not pass, then how many do."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        root = path if path.is_dir() else unpacked(path, Path(scratch))
        cases = [case for case in sorted(root.glob("[0-9]*")) if not numbers or case.name in numbers]
        results = {case.name: outcome(case) for case in cases}
    counts = Counter(result.what for result in results.values())
    reasons = defaultdict(list)
    for number, result in results.items():
        if result.what == WRONG:
            print(f"{number}  {result.why}")
        elif result.what == REFUSED:
            reasons[_kind(result.why)].append(number)
    for reason, numbers in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"{len(numbers):5d} refused: {reason} ({', '.join(numbers[:4])}{', ...' if len(numbers) > 4 else ''})")
    print(", ".join(f"{n} {what}" for what, n in counts.items()), f"of {len(results)}")


def _kind(why: str) -> str:
    """The reason without the symbols of the case."""
    for word in ("events", "'delay'", "package 'comp'", "no kineticLaw"):
        if word in why:
            return word
    return why


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]) if given else ARCHIVE, given[1:])
