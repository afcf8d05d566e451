"""Right-hand sides of library models against reference files: ``check``; 0/0 written away: ``check_smooth``.

``check("luo_rudy_1991", "LuoRudy1991.cellml", {"ina.m": "fast_sodium_current_m_gate.m"}, stimulus="membrane.I_stim")``
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import myokit
import myokit.formats
import numpy as np
import pytest

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.kernels.evaluator import rates
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.registry import FOLDER, LIBRARY

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "cell_models"
MILLISECONDS = {"ms": 1.0, "s": 1e3, "min": 6e4}
TOLERANCE = 1e-9


def check(
    name: str,
    file: str,
    states: Mapping[str, str | tuple[str, float]] | None = None,
    *,
    v: str | tuple[str, float, float] = "membrane.V",
    time: str = "ms",
    stimulus: str | None = None,
    constants: Mapping[str, float | str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    occupancies: Iterable[Iterable[str]] = (),
    held: Iterable[str] = (),
    initial: bool = True,
    n: int = 1000,
) -> None:
    """Compare the compiled and the numpy right-hand side of library model ``name`` with those of a reference file.

    ``states`` maps our state names to theirs, or to (theirs, factor) with ours = factor * theirs; a state that is not
    in it is looked for by its last name without regard to case. ``v`` is their V [mV], or (V, factor, offset) with
    ours = factor * theirs + offset; ``time`` is their unit of time. ``stimulus`` is their stimulus current, which is
    set to 0; ``constants`` sets other variables of theirs to a number or an expression (of Myokit), with a word in the
    calling test why. ``ranges`` and ``occupancies`` are those of ``random_states``; ``held`` are states of theirs that
    are constants of ours, they stay at their initial values; ``initial`` compares initial values, too. Skips the test
    where the file is not there.
    """
    model, equations = reference_model(file), read(name)
    off = {} if stimulus is None else {stimulus: 0.0}
    for variable, value in {**off, **(constants or {})}.items():
        model.get(variable).set_rhs(value)
    theirs, factor, offset = _paired(equations, model, {equations.v: v, **(states or {})}, held)
    V, y = random_states(equations, n, ranges, occupancies)
    their_y = np.tile(np.array(model.initial_values(as_floats=True))[:, None], n)
    their_y[theirs] = (np.vstack([V, y]) - offset) / factor
    expected = right_hand_side(model, their_y)[theirs] * factor / MILLISECONDS[time]
    rows = (equations.v, *equations.states)
    assert_close(rows, compiled(name)(V, y), expected, V)
    assert_close(rows, by_numpy(equations, V, y), expected, V)
    if initial:
        start = np.array(model.initial_values(as_floats=True))[theirs] * factor[:, 0] + offset[:, 0]
        np.testing.assert_allclose([equations.v_initial, *equations.initial], start, rtol=1e-12, err_msg=str(rows))


@cache
def compiled(name: str):
    """The compiled right-hand side of a library model."""
    return rates(read(name))


def by_numpy(equations: Equations, V: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The right-hand side of Equations, V's first, as the compiled one gives it."""
    dV, dy = equations.rhs(V, states)
    return np.array([np.broadcast_to(rate, V.shape) for rate in (dV, *dy)])


def reference_model(file: str) -> myokit.Model:
    """A CellML file of the reference folder, by Myokit's importer; skips the test where there is none."""
    if not (REFERENCE / file).is_file():
        pytest.skip(f"the reference file {file} (../shared/reference) is not here")
    return myokit.formats.importer("cellml").model(str(REFERENCE / file))


def right_hand_side(model: myokit.Model, y: np.ndarray) -> np.ndarray:
    """Right-hand sides of a Myokit model at many states, by its own numpy code; ``y`` (n_states, n) in its order."""
    writer = myokit.numpy_writer()
    values = {writer.ex(myokit.Name(v)): row for v, row in zip(model.states(), y, strict=True)}
    values[writer.ex(myokit.Name(model.time()))] = 0.0
    found = {}
    with np.errstate(all="ignore"):
        for equations in model.solvable_order().values():
            for lhs, rhs in equations:
                value = eval(writer.ex(rhs), {"numpy": np}, values)
                if lhs.is_derivative():
                    found[lhs.var()] = value
                values[writer.ex(lhs)] = value
    return np.array([np.broadcast_to(found[state], y.shape[1:]) for state in model.states()])


def random_states(
    equations: Equations,
    n: int,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    occupancies: Iterable[Iterable[str]] = (),
    seed: int = 7,
) -> tuple[np.ndarray, np.ndarray]:
    """V (n,) from -95 to 60 mV and states (n_states, n): gates from 0 to 1, others within a factor 2 of their start.

    Gates are the states without a unit in our file; ``ranges`` gives other ranges; each group of ``occupancies``
    (Markov states, names of ours) is scaled so that it sums to 1.
    """
    random, file = np.random.default_rng(seed), myokit.load_model(str(FOLDER / LIBRARY[equations.name].file))
    V, y = random.uniform(-95, 60, n), np.empty((len(equations.states), n))
    for row, state, start in zip(y, equations.states, equations.initial, strict=True):
        gate = file.get(state).unit() in (None, myokit.units.dimensionless)
        low, high = (ranges or {}).get(state, (0, 1) if gate else (0.5 * start, 2 * start))
        row[:] = random.uniform(min(low, high), max(low, high), n)  # a start may be a rounding error below 0
    for group in occupancies:
        rows = [equations.states.index(state) for state in group]
        y[rows] /= y[rows].sum(axis=0)
    return V, y


def assert_close(rows: Iterable[str], ours: np.ndarray, expected: np.ndarray, V: np.ndarray) -> None:
    """|ours - expected| <= 1e-9 (|expected| + median of |expected| over the states).

    The median stands for the size of the terms of a rate: near a zero crossing they cancel, and what is left of them
    is rounding, which differs with the order of the operations, while a wrong digit shows at all other states.
    """
    assert np.isfinite(expected).all(), "the reference is not finite"
    scale = np.abs(expected) + np.median(np.abs(expected), axis=1, keepdims=True)
    error = np.abs(ours - expected) / np.where(scale > 0, scale, 1)
    bad = {
        row: f"{e.max():.2g} at V = {V[e.argmax()]:.6g} mV: {o[e.argmax()]!r}, expected {x[e.argmax()]!r}"
        for row, e, o, x in zip(rows, error, ours, expected, strict=True)
        if not e.max() <= TOLERANCE
    }
    assert not bad, "relative errors\n" + "\n".join(f"  {row}: {text}" for row, text in bad.items())


def check_smooth(name: str, points: Iterable[float], states: np.ndarray | None = None, width: float = 0.01) -> None:
    """All rates are finite, and a cubic in V within ``width`` mV of each of ``points``, where a formula may be 0/0.

    ``states`` (n_states,) instead of the initial ones. Looks at the points themselves and at distances down to 1e-12.
    """
    equations, tiny = read(name), np.logspace(-12, -3, 40)
    start = np.array(equations.initial) if states is None else np.asarray(states)
    d = np.sort(np.concatenate([np.linspace(-width, width, 801), tiny, -tiny]))
    for point in points:
        V, y = point + d, np.tile(start[:, None], d.size)
        for rate in (compiled(name)(V, y), by_numpy(equations, V, y)):
            assert np.isfinite(rate).all(), f"{name}: not finite near V = {point} mV"
            smooth = np.array([np.polyval(np.polyfit(d / width, row, 3), d / width) for row in rate])
            error = np.abs(rate - smooth) / np.abs(rate).max(axis=1, keepdims=True).clip(1e-300)
            assert error.max() < TOLERANCE, f"{name}: a jump of {error.max():.2g} near V = {point} mV"


def _paired(equations: Equations, model: myokit.Model, names: Mapping, held: Iterable[str]) -> tuple:
    """For each of our states, V first: the row of theirs, and factor and offset (n, 1) of ours to theirs."""
    theirs, ours = [s.qname() for s in model.states()], [equations.v, *equations.states]
    last = {s.split(".")[-1].lower(): s for s in theirs}
    pairs = {}
    for state in ours:
        found = names.get(state, last.get(state.split(".")[-1].lower(), "nothing"))
        their, *scale = (found,) if isinstance(found, str) else found
        pairs[state] = (their, *scale, *(1.0, 0.0)[len(scale) :])
    unknown = [f"{state} -> {pair[0]}" for state, pair in pairs.items() if pair[0] not in theirs]
    assert not unknown, f"no such states in the file: {unknown}, it has {theirs}"
    missing = set(theirs) - {pair[0] for pair in pairs.values()} - set(held)
    assert not missing, f"states of the file that are not compared: {missing}"
    scales = np.array([pair[1:] for pair in pairs.values()])
    return [theirs.index(pair[0]) for pair in pairs.values()], scales[:, :1], scales[:, 1:]
