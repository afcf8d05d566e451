"""What a run leaves: frames and maps in result.exo, and the files of its observers."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem import sweep
from hpc_twin.fem.memory import Memory, under
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.netcdf import settle
from hpc_twin.parallel import InputError, nearest
from hpc_twin.run.ecg import Recording
from hpc_twin.run.observers import observers
from hpc_twin.run.report import EnergyMeter, Timer
from hpc_twin.stepping import Clock
from hpc_twin.tissue.problem import Problem, Shown, states

POTENTIALS = {"bidomain": ("phi_e",), "pseudo_bidomain": ("phi_e",)}  # beside V
BYTES_OF_VALUE = 4
LOOK_EVERY = 100  # steps between looks at the counters of energy


def check_fields(case: Case, kernels) -> None:
    """Refuse fields that no model of the case has."""
    cells = dict.fromkeys(name for kernel in kernels for name in kernel.state_names)
    phase = ("phase",) if "phase" in case.output.measures else ()
    known = ["V", *phase, *POTENTIALS.get(case.tissue.model, ()), *cells]
    for name in case.output.fields:
        if name not in known:
            raise InputError(f"output.fields: unknown field '{name}'{nearest(name, known)} (known: {', '.join(known)})")


class Record:
    """Writes at its clock what ``problem`` shows; a context manager that leaves readable files whatever happens."""

    def __init__(
        self,
        case: Case,
        problem: Problem,
        folder: Path,
        attributes: Mapping[str, object],
        timer: Timer | None = None,
        again: bool = False,
        leads: Recording | None = None,
    ):
        """``again``: go on with the files of a run that was stopped; ``leads`` for a case with [ecg]."""
        self._domain, self._timer, self._frames = problem.domain, timer or Timer(), 0
        every, until = case.output.every, case.tissue.until
        self._clock = Clock.of(every, case.tissue.dt) if math.isfinite(every) else None
        self._now: float | None = None
        self._observers = observers(case, problem, folder, attributes, again, leads)
        shown = {**problem.fields, **states(problem)}
        for observer in self._observers:
            shown |= observer.fields
        self._fields = {name: shown[name] for name in case.output.shown}
        self._rows = {name: np.full(self._domain.whole.n_owned, np.nan) for name in self._fields}
        self._maps = {name: words for observer in self._observers for name, words in observer.maps.items()}
        self._map_rows = {name: np.full(self._domain.whole.n_owned, np.nan) for name in self._maps}
        described = {name: (field.unit, field.meaning) for name, field in self._fields.items()}
        self.result = ExodusWriter(
            folder / "result.exo",
            self._domain.whole,
            described,
            attributes,
            self._maps,
            case.output.fibres,
            title=case.title,
            frames=1 + int(until / every),
            bits=case.output.bits,
            again=again,
        )
        if again:
            self.result.set_attributes({key: attributes[key] for key in ("case_text", "hpc_twin_version", "ranks")})
        sweep(self._domain.whole.comm)
        self._energy = EnergyMeter(self._domain.whole.comm)

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, kind, error, trace) -> None:
        closing: list[Callable[..., object]] = [self._end, self.result.close]
        for close in (*closing, *(observer.close for observer in self._observers)):
            settle(self._domain.whole.comm, close, error)

    def memory(self) -> Memory:
        """That of the observers."""
        found: dict = {}
        for observer in self._observers:
            found |= under(type(observer).__name__, observer.memory())
        return found

    def flush(self) -> None:
        """Hand all that was written to the operating system, so that copies of the files can be gone on with."""
        for flush in (self.result.flush, *(observer.flush for observer in self._observers)):
            flush()

    def close(self, report: Mapping[str, object]) -> int:
        """Write the maps and the run report, close, and return the bytes of all files."""
        self._end(True)
        self.result.set_attributes(report)
        return self.result.close() + sum(observer.close(True) for observer in self._observers)

    def see(self, step: int, t: float) -> None:
        """Called after every step, and once before the first with step 0."""
        with self._timer.part("measures"):
            for observer in self._observers:
                observer.see(step, t)
        self._now = t
        if self._clock is not None and self._clock.rings(step):
            with self._timer.part("output"):
                self.write_frame(t)
        if step % LOOK_EVERY == 0:
            self._energy.look()

    def account(self) -> tuple[int, int, float | None]:
        """Frames that were written, their bytes before compression, and joules meanwhile where known; collective."""
        n_bytes = self._frames * len(self._fields) * BYTES_OF_VALUE * self._domain.whole.n_nodes
        return self._frames, n_bytes, self._energy.joules()

    def write_frame(self, t: float) -> None:
        """Append a frame now."""
        self.result.write_frame(t, {name: self._row(name, field) for name, field in self._fields.items()})
        self._frames += 1

    def _row(self, name: str, field: Shown) -> np.ndarray:
        """(n_owned of the whole mesh,) values of a field, NaN where it does not live."""
        if field.part is self._domain.whole:
            return field.values()
        return self._domain.spread(field.values(), self._rows[name])

    def _end(self, complete: bool) -> None:
        """The maps as they are known now, and one frame to hold them where there are no others."""
        if self.result.closed:
            return
        known = {name: values for observer in self._observers for name, values in observer.values().items()}
        self.result.write_static({k: self._domain.spread(v, self._map_rows[k]) for k, v in known.items()})
        if self._clock is None and self._now is not None and self.result.frames == 0:
            self.result.write_frame(self._now, {})
