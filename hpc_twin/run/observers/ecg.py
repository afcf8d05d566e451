"""Leads of an electrocardiogram, in ecg.nc."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.ecg import EcgCase
from hpc_twin.fem.memory import Memory
from hpc_twin.io.traces import TraceWriter
from hpc_twin.parallel import say
from hpc_twin.run.ecg import Recording
from hpc_twin.stepping import Clock
from hpc_twin.tissue.ecg.measures import summary
from hpc_twin.tissue.problem import Problem, Shown

VARIABLES = {"ecg": ("mV", "electrocardiogram")}


class Ecg:
    """An Observer: leads at their own clock; measures of them, printed and kept in the file, at the end."""

    maps: Mapping[str, tuple[str, str]] = {}
    fields: Mapping[str, Shown] = {}

    def __init__(
        self,
        case: Case,
        wanted: EcgCase,
        leads: Recording,
        problem: Problem,
        folder: Path,
        attributes: Mapping,
        again: bool,
    ):
        self._V, self._comm = problem.V.owned, problem.part.comm
        self._clock = Clock.of(wanted.every, case.tissue.dt)
        self._recording = leads
        names = self._recording.leads.names
        words = {**attributes, **_described(wanted, self._recording)}
        self._traces = TraceWriter(self._comm, folder / "ecg.nc", names, VARIABLES, attributes=words, again=again)
        self._closed = False

    def see(self, step: int, t: float) -> None:
        """Add a row when one is due."""
        if self._clock.rings(step):
            values = self._recording.ecg.at(self._V)
            self._traces.append(t, {"ecg": values if self._comm.rank == 0 else values[:0]})

    def values(self) -> dict[str, np.ndarray]:
        """No maps."""
        return {}

    def memory(self) -> Memory:
        """All is in the file."""
        return {}

    def flush(self) -> None:
        """Rows so far."""
        self._traces.flush()

    def close(self, complete: bool) -> int:
        """Measure, print, close ecg.nc."""
        if not self._closed:
            self._closed = True
            times, rows = self._traces.written()
            found = summary(times, rows["ecg"], self._recording.leads.names)
            self._traces.set_attributes({f"measure_{name}": value for name, value in found.items()})
            say(self._comm, sentence(found))
        return self._traces.close(complete)


def sentence(found: Mapping[str, float]) -> str:
    """Measures of ``ecg_measures.summary`` in a line."""
    if not found.get("beats"):
        return "ECG: no beat"
    times = [f"{name} {found[name]:.0f} ms" for name in ("QRS", "QT", "RR") if name in found]
    waves = [f"{name} {found[f'T_{name}']:+.3g} mV" for name in ("I", "II", "V2", "V5") if f"T_{name}" in found]
    return ", ".join([f"ECG: {found['beats']:.0f} beats" if found["beats"] > 1 else "ECG: one beat", *times]) + (
        f"; T wave {', '.join(waves)}" if waves else ""
    )


def _described(wanted: EcgCase, recording: Recording) -> dict[str, object]:
    """Attributes of the file."""
    places = {f"electrode_{name}_mm": place for name, place in zip(wanted.electrodes, recording.places, strict=True)}
    return {"ecg_method": wanted.method, "ecg_reference_of_potentials": recording.leads.reference, **places}
