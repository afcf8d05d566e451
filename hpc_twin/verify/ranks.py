"""The same wave on 1, 2 and 3 ranks, for every kind of element and of problem.

The communicator is split: one run on its first rank, one on its first two, one on its first three, while the others
wait. Linear solves stop at 1e-10 of the right-hand side, so that V may differ by that, grown by the cells' own
instability at the front, and by the single precision of the result file.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from hpc_twin.io.result import read_result
from hpc_twin.mesh.write import write
from hpc_twin.parallel import on_root, together
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table
from hpc_twin.verify.rank_cases import cases, meshes

V_TOLERANCE, TIME_TOLERANCE = 1e-3, 1e-4  # mV, ms
MOST = 3
TEXT = """The same case run on the first rank alone, on the first two and on the first three together. Compared are all
frames of every field of result.exo and every map, node by node, in the mesh's own order; the share of activated nodes
says that there was a wave to compare. Linear solves stop at 1e-10 of the right-hand side. What differs between rank
counts is the order in which sums are formed, and through it when a solver stops."""


@dataclass(frozen=True)
class Difference:
    """Largest differences from the run on one rank, in frames and in maps; share of nodes activated there."""

    ranks: int
    activated: float
    frames: float
    maps: float


def check(session: Session) -> Outcome:
    """Every case on as many ranks as there are, three at most."""
    counts = range(1, 1 + min(MOST, session.comm.size))
    on_root(session.comm, lambda: _write_meshes(session.folder))
    folders = {name: [_run(session, n, name, text) for n in counts] for name, text in cases(session.short).items()}
    found = {name: _differences(session, several) for name, several in folders.items()}
    head = ("case", "ranks", "activated", "largest difference of frames, mV", "of maps, ms")
    return Outcome(
        title=f"equal results on {', '.join(map(str, counts))} ranks",
        text=TEXT,
        limits=[_enough(len(counts)), *(limit for name, several in found.items() for limit in _limits(name, several))],
        picture=lambda figure: _picture(figure, found),
        tables=[Table("", head, [(name, *astuple(d)) for name, several in found.items() for d in several])],
    )


def _write_meshes(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, mesh in meshes().items():
        write(mesh, folder / name)


def _run(session: Session, n: int, name: str, text: str) -> Path:
    """One run on the first ``n`` ranks."""
    comm = session.comm.Split(int(session.comm.rank >= n), session.comm.rank)
    folder = session.folder / f"{n}_ranks"
    with together(session.comm):
        if session.comm.rank < n:
            Session(comm, session.short, folder, session.began).run(name, text)
    comm.Free()
    return folder / name


def _differences(session: Session, folders: Sequence[Path]) -> list[Difference]:
    return session.comm.bcast(on_root(session.comm, lambda: [_difference(folders[0], more) for more in folders[1:]]))


def _difference(one: Path, more: Path) -> Difference:
    with read_result(one / "result.exo") as first, read_result(more / "result.exo") as second:
        steps = range(first.n_frames)
        frames = [_apart(first.frame(k, name), second.frame(k, name)) for name in first.fields for k in steps]
        maps = [_apart(first.map(name), second.map(name)) for name in first.maps]
        activated = float(np.isfinite(first.map("activation")).mean())
        return Difference(int(str(second.attributes["ranks"])), activated, max(frames), max(maps))


def _apart(one: np.ndarray, more: np.ndarray) -> float:
    """Largest difference; infinite where only one of them has a value."""
    if one.shape != more.shape or (np.isnan(one) != np.isnan(more)).any():
        return float("inf")
    return float(np.nanmax(np.abs(more - one), initial=0.0))


def _enough(n: int) -> Limit:
    return Limit("runs compared", n, 2, MOST, "", 'start it with "mpirun -n 3"')


def _limits(name: str, found: Sequence[Difference]) -> list[Limit]:
    if not found:
        return []
    frames, maps = max(d.frames for d in found), max(d.maps for d in found)
    return [
        Limit(f"{name}: frames", frames, 0.0, V_TOLERANCE, "mV", "the run on 1 rank"),
        Limit(f"{name}: maps", maps, 0.0, TIME_TOLERANCE, "ms", "the run on 1 rank"),
        Limit(f"{name}: share activated", found[0].activated, 0.3, 1.0, "", "a wave to compare"),
    ]


def _picture(figure, found: dict[str, list[Difference]]) -> None:
    """Largest differences of each case beside what is allowed; what is below 1e-8 stands there."""
    axes, least = figure.add_subplot(), 1e-8
    for k, (label, marker, limit) in enumerate((("frames [mV]", "o", V_TOLERANCE), ("maps [ms]", "s", TIME_TOLERANCE))):
        values = [max([d.maps if k else d.frames for d in several], default=np.nan) for several in found.values()]
        places = np.arange(len(values)) + 0.15 * (2 * k - 1)
        axes.semilogx(np.maximum(values, least), places, marker, color=f"C{k}", label=f"{label}, largest difference")
        axes.axvline(limit, color=f"C{k}", linestyle="--", linewidth=0.9, label="allowed")
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlim=(least / 2, 1e-2), xlabel="difference from the run on one rank (1e-8 or less at the left)")
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=8)
