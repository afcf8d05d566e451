"""The eikonal solver against exact waves, and its activation beside that of the monodomain equation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpc_twin.parallel import on_root
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table
from hpc_twin.verify.wavefronts import WAVES, Error, error, orders

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEXT = """Arrival times of waves that are known exactly, on meshes each with half the edges of the one before. A plane
wave is met to rounding. A point source costs any first-order method a factor log(1/h), since T is not smooth there:
where the times around the source are given, the order is 1. On the sphere a part of the error is the mesh's, whose
triangles are flat; the head wave runs along an interface of two velocities and arrives before the direct one.

Then a stimulus at the corner of a sheet, ten Tusscher-Panfilov 2006 cells with the conductivities of Niederer et al.
2011, fibres along x: the monodomain equation on a fine mesh beside the eikonal equation with the velocities of the same
cells, and the reaction-eikonal models (Neic et al. 2017) on a mesh of 1 mm, where the monodomain's own wave is slow or
blocked. The eikonal wave begins with the pulse; a cell needs the time to its upstroke, 1.2 ms here. What is left
is the curvature of the front, for which the eikonal equation has no term."""
ORDERS = {"point, isotropic": (0.55, 0.8), "point, anisotropic": (0.55, 0.8), "ball, anisotropic": (0.95, 1.3),
          "sphere": (0.45, 0.8), "head wave": (0.75, 1.1)}  # fmt: skip
SHEET = """
[mesh]
generate = "sheet"
shape = {{ size = ["{x} mm", "{y} mm"], h = "{h} mm" }}
[cells]
model = "tentusscher_2006_epi"
[tissue]
model = "{model}"
until = "{until} ms"
dt = "{dt} ms"
mass = {mass}
{foot}
[tissue.conductivity]
intracellular = ["0.17 S/m", "0.019 S/m"]
extracellular = ["0.62 S/m", "0.24 S/m"]
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "0 mm"], max = ["2 mm", "2 mm", "0 mm"] }}
"""
RUNS = {  # model, h, share of lumped mass, foot: name -> limits of the root-mean-square difference [ms]
    "eikonal, 0.2 mm": ("eikonal", 0.2, 0.5, "", 2.2),
    "eikonal, 1 mm": ("eikonal", 1.0, 0.5, "", 2.0),
    "RE+, 1 mm": ("reaction_eikonal", 1.0, 1.0, "", 1.0),
    "RE-, 1 mm": ("reaction_eikonal", 1.0, 1.0, "[tissue.foot]\ndiffusion = false", 0.8),
}


@dataclass(frozen=True)
class Apart:
    """From the monodomain's activation, at the nodes that both have [ms]: root mean square, mean, extremes."""

    rms: float
    mean: float
    least: float
    most: float


def check(session: Session) -> Outcome:
    """Exact waves on three levels (two in short), and the sheet."""
    levels = range(1, 3 if session.short else 4)
    found = {wave.name: _errors(session, wave, levels) for wave in WAVES}
    apart = _sheet(session)
    return Outcome(
        title="exact waves, and beside the monodomain equation",
        text=TEXT,
        limits=[*_exact_limits(found), *_sheet_limits(apart)],
        tables=[_waves_table(found), _sheet_table(apart)],
        picture=lambda figure: _draw(figure, found),
    )


def _errors(session: Session, wave, levels) -> list[Error]:
    session.say(wave.name)
    return [error(wave, level, session.comm) for level in levels]


def _exact_limits(found: dict[str, list[Error]]) -> list[Limit]:
    plane = Limit("plane wave: largest error", found["plane wave"][-1].largest, 0.0, 1e-11, "ms", "exact")
    names = [name for name in found if name in ORDERS]
    return [plane] + [
        Limit(f"{name}: order of the {what} error", orders(found[name])[-1][k], *ORDERS[name], "", "exact times")
        for name in names
        for k, what in enumerate(("largest", "mean"))
    ]


def _sheet(session: Session) -> dict[str, Apart]:
    """Differences of each run from the monodomain on a fine mesh, which is the same for all."""
    x, y, h, until = (8, 4, 0.1, 20) if session.short else (12, 6, 0.05, 28)
    where = {"x": x, "y": y, "until": until}
    fine = session.run("monodomain", SHEET.format(model="monodomain", h=h, dt=0.01, mass=0.25, foot="", **where))
    found = {}
    for name, (model, h, mass, foot, _) in RUNS.items():
        text = SHEET.format(model=model, h=h, dt=0.02, mass=mass, foot=foot, **where)
        folder = session.run(name.replace(", ", "_").replace(" ", "_"), text)
        found[name] = session.comm.bcast(on_root(session.comm, partial(_apart, fine, folder)))
    return found


def _apart(fine: Path, coarse: Path) -> Apart:
    from scipy.spatial import cKDTree

    (where, known), (points, times) = _activation(fine), _activation(coarse)
    distance, node = cKDTree(where).query(points)
    same = distance < 1e-6
    difference = times[same] - known[node[same]]
    return Apart(float(np.sqrt((difference**2).mean())), float(difference.mean()), float(difference.min()),
                 float(difference.max()))  # fmt: skip


def _activation(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    from hpc_twin.io.result import read_result

    with read_result(folder / "result.exo") as result:
        return result.points, result.map("activation")


def _sheet_limits(apart: dict[str, Apart]) -> list[Limit]:
    words = "the monodomain equation, fine mesh"
    return [
        Limit(f"{name}: root-mean-square difference", found.rms, 0.0, RUNS[name][-1], "ms", words)
        for name, found in apart.items()
    ]


def _waves_table(found: dict[str, list[Error]]) -> Table:
    rows = [
        (name, e.nodes, e.latest, e.largest, e.mean, 100 * e.mean / e.latest) for name, es in found.items() for e in es
    ]
    head = ("wave", "nodes", "latest arrival, ms", "largest error, ms", "mean error, ms", "mean, % of the latest")
    return Table("exact waves", head, rows)


def _sheet_table(apart: dict[str, Apart]) -> Table:
    rows = [(name, a.rms, a.mean, a.least, a.most) for name, a in apart.items()]
    head = ("", "root mean square, ms", "mean, ms", "least, ms", "most, ms")
    return Table("activation less that of the monodomain equation", head, rows)


def _draw(figure: "Figure", found: dict[str, list[Error]]) -> None:
    axes = figure.subplots()
    for name, errors in found.items():
        if name in ORDERS:
            h = 0.5 ** np.arange(len(errors))
            axes.loglog(h, _relative(errors), "o-", label=name)
    axes.loglog((1, 0.25), (2e-3, 5e-4), "k--", label="order 1")
    axes.set(xlabel="edge length, of the coarsest mesh", ylabel="mean error, of the latest arrival")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3)


def _relative(errors: Sequence[Error]) -> list[float]:
    return [e.mean / e.latest for e in errors]
