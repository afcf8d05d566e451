"""Pace cells that do not touch, all in one kernel call, and keep the traces of the last beats."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.parallel import InputError, RunError
from hpc_twin.singlecell.protocol import PERIOD, Protocol
from hpc_twin.stepping import Pulses

COARSE = 0.5  # ms that one call takes while nothing is recorded, so that an interrupt is soon heard
SMALLEST = 1e-8  # states below it count as this size in a relative change
CALM_BEATS = 3  # in a row, below the wanted change


@dataclass(frozen=True, eq=False)
class Traces:
    """``t`` (n_rows,) ms since the recorded beats began, ``V`` (n_rows, n) or None, ``states`` (n_rows, n_states, n).

    The first row is at t = 0, which is ``start`` ms of the model's own time; every beat is ``rows_per_beat`` rows more.
    """

    t: np.ndarray
    V: np.ndarray | None
    states: np.ndarray
    rows_per_beat: int
    start: float = 0.0

    @property
    def beats(self) -> int:
        """How many beats there are."""
        return (len(self.t) - 1) // self.rows_per_beat

    def beat(self, number: int) -> slice:
        """The rows of a beat, its end among them; -1 is the last."""
        first = (number % self.beats) * self.rows_per_beat
        return slice(first, first + self.rows_per_beat + 1)


@dataclass(frozen=True, eq=False)
class Paced:
    """What is left after ``beats`` beats: V (n,), states (n_states, n), and traces of the last ones.

    ``changes`` (beats,) are the largest relative changes of any unknown of any cell from beat to beat.
    ``complete`` is False when the run was interrupted.
    """

    V: np.ndarray | None
    states: np.ndarray
    beats: int
    period: float
    changes: np.ndarray
    traces: Traces
    complete: bool = True


class Cells:
    """``n`` cells that are paced; ``parameters`` (n_varying, n) or None, ``strength`` mV/ms (n,) or a number."""

    def __init__(
        self,
        kernel: Kernel,
        n: int = 1,
        *,
        protocol: Protocol | None = None,
        period: float | None = None,
        dt: float = 0.02,
        parameters: np.ndarray | None = None,
        strength: np.ndarray | None = None,
    ):
        self.kernel, self.dt, self.parameters = kernel, dt, parameters
        self.V = None if kernel.v_initial is None else np.full(n, kernel.v_initial)
        self._stored = kernel.new_states(n)
        pulses = protocol.pulses if protocol else Pulses(0.0, 0.0)
        self.period = float(pulses.period or period or PERIOD)
        self.steps = round(self.period / dt)
        if self.steps < 1 or abs(self.steps * dt - self.period) > 1e-6 * self.period:
            raise InputError(f"period: found {self.period:g} ms, it must be a multiple of dt = {dt:g} ms")
        self._strength = np.broadcast_to(0.0 if protocol is None else protocol.strength, n)
        if strength is not None:
            self._strength = np.broadcast_to(np.asarray(strength, float), n)
        self._pulses, self._stimulus = pulses, np.empty(n)
        self._shares = np.array([pulses.share(k * dt, dt) for k in range(self.steps)])
        self.beats = 0

    @property
    def states(self) -> np.ndarray:
        """Their values, shape (n_states, n)."""
        return self.kernel.values(self._stored)

    def beat(self, every: int, see: Callable[[int], None] | None = None) -> None:
        """One beat; ``see(row)`` is called after each ``every`` steps."""
        for first, last in self._calls(every):
            share = self._shares[first]
            stimulus = None
            if share:
                stimulus = np.multiply(self._strength, share, out=self._stimulus)
            t = self.beats * self.period + first * self.dt
            count = last - first
            self.kernel.advance(self.V, self._stored, stimulus, t, count * self.dt, count, self.parameters)
            if see is not None and last % every == 0:
                see(last // every - 1)
        self.beats += 1
        self._check()

    def _calls(self, every: int) -> list[tuple[int, int]]:
        """(first, last) steps of each call: cut where a row is due and where the stimulus changes."""
        changes = 1 + np.flatnonzero(np.diff(self._shares))
        cuts = np.union1d(np.arange(0, self.steps, every), changes)
        return list(zip(cuts.tolist(), [*cuts[1:].tolist(), self.steps], strict=True))

    def _check(self) -> None:
        bad = ~np.isfinite(self.states).all(axis=0)
        if self.V is not None:
            bad |= ~np.isfinite(self.V)
        if bad.any():
            cell = f" (cell {np.flatnonzero(bad)[0]})" if len(bad) > 1 else ""
            raise RunError(
                f"{self.kernel.name}: the model blew up in beat {self.beats}{cell}: take a smaller dt or another scheme"
            )


def pace(
    cells: Cells,
    beats: int,
    *,
    record: int = 2,
    every: float | None = None,
    until_steady: float | None = None,
    tell: Callable[[int, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Paced:
    """Pace ``cells`` for ``beats`` beats and record the last ``record`` of them every ``every`` ms (default: dt).

    With ``until_steady`` the beats end when no unknown changes by more than this share of itself from beat to beat,
    three times in a row; the recorded beats come after. ``tell(beat, change)`` is called after each beat. When
    ``stop()`` is true the pacing ends after a recorded beat, and ``complete`` is False.
    Raises RunError when a model blows up.
    """
    record = min(record, beats)
    rows, coarse = (max(1, round(interval / cells.dt)) for interval in (every or cells.dt, COARSE))
    recorder = _Recorder(cells, record, rows)
    changes: list[float] = []
    stopped, calm, seen = False, 0, _unknowns(cells)
    while recorder.beats < record and not (stopped and recorder.beats):
        early = len(changes) < beats - record and calm < CALM_BEATS and not stopped
        cells.beat(coarse) if early else recorder.beat()
        before, seen = seen, _unknowns(cells)
        changes.append(_change(before, seen))
        if early:
            calm = calm + 1 if until_steady is not None and changes[-1] < until_steady else 0
        if tell is not None:
            tell(len(changes), changes[-1])
        stopped = stopped or (stop is not None and stop())
    return Paced(cells.V, cells.states, len(changes), cells.period, np.array(changes), recorder.traces(), not stopped)


class _Recorder:
    """Room for the rows of some beats, made once."""

    def __init__(self, cells: Cells, beats: int, every: int):
        self._cells, self._every, self._per_beat = cells, every, cells.steps // every
        n_states, n = cells.states.shape
        rows = 1 + beats * self._per_beat
        self._t = np.arange(rows) % self._per_beat * every * cells.dt + np.arange(rows) // self._per_beat * cells.period
        self._V = None if cells.V is None else np.empty((rows, n))
        self._states = np.empty((rows, n_states, n))
        self.beats, self._start = 0, 0.0

    def beat(self) -> None:
        """Run one beat and record it."""
        if self.beats == 0:
            self._start = self._cells.beats * self._cells.period
            self._row(-1)
        self._cells.beat(self._every, self._row)
        self.beats += 1

    def _row(self, k: int) -> None:
        at = self.beats * self._per_beat + k + 1
        self._states[at] = self._cells.states
        if self._V is not None and self._cells.V is not None:
            self._V[at] = self._cells.V

    def traces(self) -> Traces:
        """The beats so far."""
        rows = slice(0, self.beats * self._per_beat + 1)
        V = None if self._V is None else self._V[rows]
        return Traces(self._t[rows], V, self._states[rows], self._per_beat, self._start)


def _unknowns(cells: Cells) -> np.ndarray:
    """(n_unknowns, n), a copy."""
    return np.array(cells.states) if cells.V is None else np.vstack([cells.V, cells.states])


def _change(before: np.ndarray, now: np.ndarray) -> float:
    return float((np.abs(now - before) / np.maximum(np.abs(now), SMALLEST)).max(initial=0.0))
