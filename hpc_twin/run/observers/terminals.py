"""Whether the terminals of a conduction system excited the muscle they meet."""

from collections.abc import Callable, Mapping

import numpy as np

from hpc_twin.case.purkinje import JUNCTION
from hpc_twin.fem import with_ghosts
from hpc_twin.fem.memory import Memory
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import say, warn
from hpc_twin.tissue.problem import Shown

DELAY = 10.0  # ms: junctions that conduct do so within several ms (Mendez et al. 1970, Circ Res 26:135)
CURE = "lower purkinje.junction_resistance or enlarge purkinje.cross_section (docs/purkinje.md)"


class Terminals:
    """An Observer that speaks at the end of a run; it looks at each cell's first beat.

    activation  () -> (n_owned,) ms, NaN where there was none
    """

    maps: Mapping[str, tuple[str, str]] = {}
    fields: Mapping[str, Shown] = {}

    def __init__(self, part: Part, activation: Callable[[], np.ndarray]):
        self._part, self._activation, self._now, self._told = part, activation, 0.0, False

    def see(self, step: int, t: float) -> None:
        """Keeps the time."""
        self._now = t

    def values(self) -> dict[str, np.ndarray]:
        """No maps."""
        return {}

    def memory(self) -> Memory:
        """Nothing of its own."""
        return {}

    def flush(self) -> None:
        """No files."""

    def close(self, complete: bool) -> int:
        """No files; tells what became of the terminals."""
        if complete and not self._told:
            tell(self._part.comm, *meetings(self._part, self._activation()), self._now)
            self._told = True
        return 0


def meetings(part: Part, activation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every terminal with a junction, on all ranks, in the order of node ids: places (n, 3) [mm], and (n, 3) the
    first activation of the cable just before it, its own, and the first of the muscle that it meets [ms], inf where
    there was none; collective."""
    times = with_ghosts(part, np.where(np.isnan(activation), np.inf, activation))
    lines = part.sizes == 2
    junction = np.isin(part.regions, [tag for tag, name in part.region_names.items() if name == JUNCTION])
    terminal, muscle = part.elements[lines & junction, :2].T
    mine = np.unique(terminal[terminal < part.n_owned])
    along = part.elements[lines & ~junction, :2]
    before = _first(part, times, *np.concatenate((along, along[:, ::-1])).T)
    after = _first(part, times, terminal, muscle)
    rows = (part.node_ids[mine], part.points[mine], before[mine], times[mine], after[mine])
    every = np.concatenate(part.comm.allgather(np.column_stack(rows)))
    every = every[every[:, 0].argsort()]
    return every[:, 1:4], every[:, 4:]


def _first(part: Part, times: np.ndarray, nodes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n_local,) the least of ``times`` at the ``others`` that each of ``nodes`` is joined to."""
    least = np.full(part.n_local, np.inf)
    np.minimum.at(least, nodes, times[others])
    return least


def tell(comm, places: np.ndarray, times: np.ndarray, now: float) -> None:
    """Say how many terminals fired and excited muscle; warn of those that did not, though there was time for it.

    A terminal led when its cable was active before it. Then the muscle, which may drain it, may be as early as itself.
    """
    cable, terminal, muscle = times.T
    fired = np.isfinite(terminal)
    soon, led = fired & (muscle <= terminal + DELAY), fired & (cable <= terminal)
    excited = soon & led & (cable <= muscle)
    blocked = led & ~soon & (terminal + DELAY < now)
    words = (
        f"conduction system: {fired.sum():,} of {len(places):,} terminals fired; {excited.sum():,} excited the muscle"
    )
    words += f", {np.median(muscle[excited] - terminal[excited]):.2g} ms after them" if excited.any() else ""
    say(comm, f"{words}; {(soon & ~excited).sum():,} met muscle that was active before")
    if blocked.any():
        first = _place(places[blocked])
        warn(comm, f"conduction system: {blocked.sum():,} of {fired.sum():,} terminals that fired excited no muscle "
                   f"within {DELAY:g} ms, the first at {first}: {CURE}")  # fmt: skip
    silent = ~fired & (fired.any() and now > terminal[fired].max(initial=0.0) + DELAY)
    if silent.any():
        warn(comm, f"conduction system: {silent.sum():,} of {len(places):,} terminals did not fire, the first at "
                   f"{_place(places[silent])}: no wave came, or the muscle drains them")  # fmt: skip


def _place(places: np.ndarray) -> str:
    return f"({', '.join(f'{x:.4g}' for x in places[0])}) mm"
