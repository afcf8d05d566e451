"""What a run leaves: frames and maps in result.exo, probes in traces.nc. Physics does not see its clocks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.traces import TraceWriter
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, min_over, nearest, warn
from hpc_twin.stepping import Clock
from hpc_twin.tissue.measures import Activation, Repolarisation
from hpc_twin.tissue.monodomain import Monodomain

REPOLARISATION_EVERY = 0.5  # ms


def check_fields(case: Case, kernels) -> None:
    """Refuse fields that no model of the case has."""
    known = ["V", *dict.fromkeys(name for kernel in kernels for name in kernel.state_names)]
    for name in case.output.fields:
        if name not in known:
            raise InputError(f"output.fields: unknown field '{name}'{nearest(name, known)} (known: {', '.join(known)})")


class Record:
    """Writes at its clocks what ``problem`` shows; a context manager that leaves readable files whatever happens."""

    def __init__(self, case: Case, problem: Monodomain, folder: Path, attributes: Mapping[str, object]):
        part, self.problem, self.dt = problem.part, problem, case.tissue.dt
        V = problem.V.owned
        self.frames = Clock.of(case.output.every, self.dt)
        self.rows = Clock.of(case.output.trace_every, self.dt)
        self.looks = Clock.of(REPOLARISATION_EVERY, self.dt)
        self.activation = Activation(V, case.output.activation_threshold)
        self.repolarisation = Repolarisation(V, case.output.repolarisation)
        self.apd_name = f"APD{round(100 * case.output.repolarisation)}"
        self._fields = {name: np.empty(part.n_owned) for name in case.output.fields if name != "V"}
        described = {"V": ("mV", "membrane potential")} if "V" in case.output.fields else {}
        described |= {name: ("model units", f"cell state {name}") for name in self._fields}
        self.result = ExodusWriter(
            folder / "result.exo",
            part,
            described,
            attributes,
            _maps(self.apd_name),
            case.output.fibres,
            title=case.title,
        )
        self.probes, columns, places = _nearest_nodes(part, case.probes)
        self.traces = None
        if case.probes:
            self.traces = TraceWriter(
                part.comm, folder / "traces.nc", list(case.probes), {"V": ("mV", "membrane potential")}, columns,
                places, attributes,
            )  # fmt: skip

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, kind, error, trace) -> None:
        writers = [w for w in (self.result, self.traces) if w is not None]
        for writer in writers:
            writer.__exit__(kind, error, trace)

    def close(self, report: Mapping[str, object]) -> int:
        """Write the maps and the run report, close, and return the bytes of all files."""
        self._write_maps()
        self.result.set_attributes(report)
        return self.result.close() + (self.traces.close() if self.traces else 0)

    def see(self, step: int, t: float) -> None:
        """Called after every step, and once before the first with step 0."""
        V = self.problem.V.owned
        if step:
            self.activation.update(V, t, self.dt)
        if step and self.looks.rings(step):
            self.repolarisation.update(V, self.activation.times, t, self.looks.every * self.dt)
        if self.traces and self.rows.rings(step):
            self.traces.append(t, {"V": V[self.probes]})
        if self.frames.rings(step):
            self.write_frame(t)

    def write_frame(self, t: float) -> None:
        """Append a frame now, and keep the maps as they are known so far."""
        for name, values in self._fields.items():
            for population in self.problem.populations:
                population.read(name, values)
        self._write_maps()
        self.result.write_frame(t, {"V": self.problem.V.owned, **self._fields})

    def _write_maps(self) -> None:
        activation, repolarisation = self.activation.times, self.repolarisation.times
        maps = {"activation": activation, "repolarisation": repolarisation, self.apd_name: repolarisation - activation}
        self.result.write_static(maps)


def _maps(apd_name: str) -> dict[str, tuple[str, str]]:
    return {
        "activation": ("ms", "activation time: first upstroke through the threshold"),
        "repolarisation": ("ms", "repolarisation time"),
        apd_name: ("ms", "action potential duration: repolarisation - activation"),
    }


def _nearest_nodes(part: Part, probes: Mapping) -> tuple[np.ndarray, list[int], np.ndarray]:
    """Owned nodes nearest to this rank's share of the probes, those probes' numbers, and where all are."""
    nodes, columns = [], []
    places = np.empty((len(probes), 3))
    for number, (name, point) in enumerate(probes.items()):
        distance = np.linalg.norm(part.points[: part.n_owned] - np.asarray(point), axis=1)
        best = float(distance.min(initial=np.inf))  # a rank may own no node
        ties = np.flatnonzero(distance == best)
        node = int(ties[part.node_ids[ties].argmin()]) if len(ties) else 0  # the same node on any number of ranks
        best, _, owner = min_over(part.comm, (best, int(part.node_ids[node]), part.comm.rank))
        places[number] = part.comm.bcast(part.points[node], root=owner)
        if owner == part.comm.rank:
            nodes.append(node)
            columns.append(number)
        if best > 2.0:
            warn(part.comm, f"probes.{name}: the nearest node is {best:.3g} mm away, at {np.round(places[number], 3)}")
    return np.array(nodes, int), columns, places
