"""Phase of the cells at the frames, and its singularities in singularities.nc."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem.memory import Memory, under
from hpc_twin.io.events import EventWriter
from hpc_twin.stepping import Clock
from hpc_twin.tissue.measures import Delay, Singularities, phase
from hpc_twin.tissue.problem import Problem, Shown

COLUMNS = {
    "charge": ("1", "topological charge: +1 turns anticlockwise seen from outside, -1 clockwise, 0 a filament"),
    **{f"axis_{a}": ("1", f"unit vector about which the phase turns by the right hand, {a}") for a in "xyz"},
    "length": ("mm", "length of the filament in its element, 0 on a surface"),
}
FILE = "singularities.nc"


class Phases:
    """An Observer: keeps V since ``output.phase.delay``, for the field "phase" and for the singularities."""

    maps: Mapping[str, tuple[str, str]] = {}

    def __init__(self, case: Case, problem: Problem, folder: Path, attributes: Mapping, again: bool):
        wanted, self._how = case.output.measures, case.output.phase
        self._field, part = problem.V, problem.part
        self._clock = Clock.of(self._how.every, case.tissue.dt)
        self._out, self._a, self._b = np.empty(part.n_owned), np.empty(part.n_local), np.empty(part.n_local)
        tips, lag = "singularities" in wanted, round(self._how.delay / self._how.every)
        self._field.update_ghosts()
        V = self._field.local
        self._delay = Delay(V, lag) if "phase" in wanted or self._how.tip == "phase" else None
        self._tip_delay = self._delay if self._how.tip == "phase" else Delay(V, 1)
        self._delays = list({id(d): d for d in (self._delay, self._tip_delay) if d is not None}.values())
        self._singularities = Singularities(part) if tips else None
        self._file = EventWriter(part.comm, folder / FILE, COLUMNS, attributes, again) if tips else None
        words = f"phase of (V(t), V(t - {self._how.delay:g} ms)) about {self._how.origin:g} mV"
        self.fields: Mapping[str, Shown] = {"phase": Shown("rad", words, part, self._phase)}

    def see(self, step: int, t: float) -> None:
        """Keep V and look for singularities when it is time."""
        if step == 0 or not self._clock.rings(step):
            return
        self._field.update_ghosts()
        for delay in self._delays:
            delay.push(self._field.local)
        if self._file is not None:
            self._find(t)

    def values(self) -> dict[str, np.ndarray]:
        """No maps."""
        return {}

    def memory(self) -> Memory:
        """V of a little earlier."""
        part = self._field.part
        return {name: k for n, d in enumerate(self._delays) for name, k in under(f"V_{n}", d.memory(part)).items()}

    def flush(self) -> None:
        """Singularities so far."""
        if self._file is not None:
            self._file.flush()

    def close(self, complete: bool) -> int:
        """Close singularities.nc."""
        return 0 if self._file is None else self._file.close(complete)

    def _phase(self) -> np.ndarray:
        assert self._delay is not None
        n_owned = len(self._out)
        return phase(self._field.owned, self._delay.earlier[:n_owned], self._how.origin, self._out)

    def _find(self, t: float) -> None:
        assert self._file is not None and self._singularities is not None and self._tip_delay is not None
        np.subtract(self._field.local, self._how.origin, out=self._a)
        np.subtract(self._tip_delay.earlier, self._how.origin, out=self._b)
        found = self._singularities.find(self._a, self._b)
        axes = {f"axis_{a}": found.axes[:, k] for k, a in enumerate("xyz")}
        self._file.append(t, found.ids, found.points, {"charge": found.charge, "length": found.length, **axes})
