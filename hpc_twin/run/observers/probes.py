"""V at points, and phi_e where there is one, in traces.nc."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem.memory import Memory
from hpc_twin.io.traces import TraceWriter
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.reach import require_near
from hpc_twin.parallel import min_over
from hpc_twin.stepping import Clock
from hpc_twin.tissue.problem import Problem, Shown

BESIDE = 2.0  # mm between a wanted probe and the node that it becomes


class Probes:
    """An Observer: V at the nodes nearest to the case's probes; with ``output.fields = [..., "phi_e"]`` also phi_e.

    A probe of both may lie in the bath, where V is NaN.
    """

    maps: Mapping[str, tuple[str, str]] = {}
    fields: Mapping[str, Shown] = {}

    def __init__(self, case: Case, problem: Problem, folder: Path, attributes: Mapping, again: bool):
        self._domain, self._shown = problem.domain, _shown(case, problem)
        part = probed(case, problem)
        self._whole = None if part is problem.part else np.full(part.n_owned, np.nan)
        self._clock = Clock.of(case.output.trace_every, case.tissue.dt)
        self._nodes, columns, places = nearest_nodes(part, case.probes)
        variables = {name: (field.unit, field.meaning) for name, field in self._shown.items()}
        self._traces = TraceWriter(
            part.comm, folder / "traces.nc", list(case.probes), variables, columns, places, attributes, again
        )

    def see(self, step: int, t: float) -> None:
        """Add a row when one is due."""
        if self._clock.rings(step):
            self._traces.append(t, {name: self._at_nodes(field) for name, field in self._shown.items()})

    def _at_nodes(self, field: Shown) -> np.ndarray:
        values = field.values()
        if self._whole is not None and field.part is not self._domain.whole:
            values = self._domain.spread(values, self._whole)
        return values[self._nodes]

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
        """Close traces.nc."""
        return self._traces.close(complete)


def _shown(case: Case, problem: Problem) -> dict[str, Shown]:
    """V, and phi_e if the frames show it in every one too."""
    wanted = ["V", *(["phi_e"] if "phi_e" in case.output.fields and case.bidomain.every == 1 else [])]
    return {name: problem.fields[name] for name in wanted}


def probed(case: Case, problem: Problem) -> Part:
    """Where the probes' nodes are: the tissue, and the whole mesh where phi_e is shown."""
    return problem.part if len(_shown(case, problem)) == 1 else problem.domain.whole


def nearest_nodes(part: Part, probes: Mapping) -> tuple[np.ndarray, list[int], np.ndarray]:
    """Owned nodes nearest to this rank's share of the probes, those probes' numbers, and where all are.

    Raises InputError for a probe that is far from the mesh.
    """
    nodes, columns = [], []
    places = np.empty((len(probes), 3))
    for number, (name, point) in enumerate(probes.items()):
        distance = np.linalg.norm(part.points[: part.n_owned] - np.asarray(point), axis=1)
        best = float(distance.min(initial=np.inf))  # a rank may own no node
        ties = np.flatnonzero(distance == best)
        node = int(ties[part.node_ids[ties].argmin()]) if len(ties) else -1  # the same node on any number of ranks
        best, _, owner = min_over(part.comm, (best, int(part.node_ids[node]) if len(ties) else 0, part.comm.rank))
        places[number] = part.comm.bcast(part.points[node] if len(ties) else None, root=owner)
        if owner == part.comm.rank:
            nodes.append(node)
            columns.append(number)
        require_near(part, f"probes.{name}", best, places[number], BESIDE)
    return np.array(nodes, int), columns, places
