"""The N-version benchmark of cardiac tissue electrophysiology: Niederer et al. 2011, Phil Trans R Soc A 369:4331."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.io.result import read_result
from hpc_twin.parallel import on_root
from hpc_twin.verify.outcome import Cell, Limit, Outcome, Session, Table

TEXT = """A slab of 20 x 7 x 3 mm, fibres along x, ten Tusscher-Panfilov 2006 epicardial cells, stimulated in a cube of
1.5 mm at one corner. Activation times in ms (V rises through 0 mV) at the corners and at the centre: P1 (0,0,0), P2
(20,0,0), P3 (0,0,3), P4 (20,0,3), P5 (0,7,0), P6 (20,7,0), P7 (0,7,3), P8 (20,7,3), P9 (10,3.5,1.5); labels differ
between papers, coordinates do not.

The eleven published codes put P8 at dx = 0.1 mm, dt = 0.005 ms between 37.8 and 48.7 ms; three of them, refined
further, agree on 42.5 to 43 ms. Finite differences and lumped mass arrive late on coarse meshes, consistent mass early.
Published rows: LLNL/cardioid (its own table of this benchmark) and Chaste.

`tissue.mass` is the share of the mass matrix that is lumped, 0.5 by default for elements of first order (P1): lumping
slows a wave on a coarse mesh and the consistent mass speeds it up, so that their errors cancel in part. At 0.5 mm, too
coarse for a wave across the fibres, "consistent" errs least among the P1 rows; finite differences are as late at 0.1 mm
as the default is early. Elements of second order (`tissue.order = 2`, P2, always of consistent mass) have as many
nodes at dx as P1 has at dx/2: compare their rows with those. Of consistent mass, they are early like it, but less.
The time step of Godunov's splitting adds 1.6 ms at P8 for dt = 0.05 ms."""
CASE = """
[mesh]
generate = "slab"
shape = {{ size = ["20 mm", "7 mm", "3 mm"], h = "{dx} mm" }}
[cells]
model = "tentusscher_2006_epi"
[tissue]
until = "{until} ms"
dt = "{dt} ms"
order = {order}
mass = {mass}
surface_to_volume = "140 /mm"
capacitance = "0.01 uF/mm^2"
[tissue.conductivity]
intracellular = ["0.17 S/m", "0.019 S/m"]
extracellular = ["0.62 S/m", "0.24 S/m"]
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "0 mm"], max = ["1.5 mm", "1.5 mm", "1.5 mm"] }}
duration = "2 ms"
strength = "50000 uA/cm^3"
[output]
every = "{until} ms"
measures = ["activation"]
"""
POINTS = np.array([(0, 0, 0), (20, 0, 0), (0, 0, 3), (20, 0, 3), (0, 7, 0), (20, 7, 0), (0, 7, 3), (20, 7, 3),
                   (10, 3.5, 1.5)], float)  # fmt: skip
DIAGONAL = np.linspace(0, 1, 101)[:, None] * POINTS[7]
CARDIOID = {0.1: (1.23, 32.64, 8.82, 33.78, 30.24, 43.71, 31.63, 44.59, 20.43),
            0.2: (1.23, 34.72, 11.09, 36.05, 39.63, 52.73, 41.34, 53.65, 23.80)}  # fmt: skip
CHASTE = (1.226, 37.434, 7.945, 36.380, 27.912, 38.150, 25.082, 36.296, 17.615)
PUBLISHED = (
    *(("Cardioid (finite differences)", dx, 0.005, *times) for dx, times in CARDIOID.items()),
    ("Chaste (P1, consistent, state-variable interpolation)", 0.5, 0.01, *CHASTE),
)
CONVERGED = 42.75  # ms at P8: of 42.5 to 43
SOURCE = "Niederer et al. 2011"


@dataclass(frozen=True)
class Scheme:
    """Edge length [mm], time step [ms], order of the elements, share of the mass that is lumped."""

    dx: float
    dt: float
    order: int = 1
    mass: float = 0.5

    @property
    def label(self) -> str:
        """As in the table."""
        mass = {0.0: "consistent", 1.0: "lumped"}.get(self.mass, f"mass {self.mass:g}")
        return "P2" if self.order == 2 else f"P1, {mass}"

    @property
    def until(self) -> int:
        """Time [ms] by which the far corner is active, and little more."""
        if self.order == 2:
            return 50
        slowest = {0.5: 90, 0.2: 50, 0.1: 43}[self.dx]
        return slowest * 3 // 2 if self.mass == 1.0 else slowest


@dataclass(frozen=True)
class Times:
    """Activation [ms] at POINTS and along the diagonal; NaN where not activated."""

    corners: np.ndarray
    diagonal: np.ndarray


NINE = [Scheme(dx, dt) for dx in (0.5, 0.2, 0.1) for dt in (0.05, 0.01, 0.005)]
OTHERS = [Scheme(dx, 0.05, 1, mass) for mass in (0.0, 1.0) for dx in (0.5, 0.2)]
SECOND = [Scheme(0.5, 0.05, 2, 0.0), Scheme(0.5, 0.01, 2, 0.0), Scheme(0.2, 0.05, 2, 0.0)]
SHORT = [Scheme(0.5, 0.05), Scheme(0.2, 0.05), Scheme(0.5, 0.05, 2, 0.0)]


def check(session: Session) -> Outcome:
    """All schemes on all ranks, coarse ones first."""
    schemes = SHORT if session.short else [*NINE, *OTHERS, *SECOND]
    found = {scheme: _times(session, scheme) for scheme in sorted(schemes, key=_cost)}
    rows: list[Sequence[Cell]] = [(s.label, s.dx, s.dt, *map(float, found[s].corners)) for s in schemes]
    head = ("elements", "dx mm", "dt ms", *(f"P{k}" for k in range(1, 10)))
    return Outcome(
        "the slab of eleven codes",
        TEXT,
        _short_limits(found) if session.short else _limits(found),
        [Table("Activation [ms]", head, [*rows, *PUBLISHED])],
        lambda figure: _picture(figure, found),
    )


def _cost(scheme: Scheme) -> float:
    return scheme.order**3 * scheme.until / (scheme.dx**3 * scheme.dt)


def _times(session: Session, scheme: Scheme) -> Times:
    text = CASE.format(dx=scheme.dx, dt=scheme.dt, order=scheme.order, until=scheme.until, mass=scheme.mass)
    name = f"p{scheme.order}_dx{scheme.dx}_dt{scheme.dt}_mass{scheme.mass:g}"
    folder = session.run(name, text)
    return session.comm.bcast(on_root(session.comm, lambda: _read(folder)))


def _read(folder: Path) -> Times:
    with read_result(folder / "result.exo") as result:
        times, tree = result.map("activation").astype(float), cKDTree(result.points)
        return Times(times[tree.query(POINTS)[1]], times[tree.query(DIAGONAL)[1]])


def _limits(found: dict[Scheme, Times]) -> list[Limit]:
    fine, coarser = found[Scheme(0.1, 0.005)].corners, found[Scheme(0.1, 0.01)].corners
    far = {dx: abs(found[Scheme(dx, 0.005)].corners[7] - CONVERGED) for dx in (0.5, 0.2, 0.1)}
    apart = float(np.abs(fine / np.array(CARDIOID[0.1]) - 1).max())
    return [
        Limit("P8, dx 0.1 mm, dt 0.005 ms", float(fine[7]), 37.8, 48.7, "ms", f"{SOURCE}: eleven codes"),
        Limit("its distance from 42.75, over that at 0.2 mm", far[0.1] / far[0.2], 0, 0.6, "", f"{SOURCE}: converges"),
        Limit("and that at 0.2 mm over that at 0.5 mm", far[0.2] / far[0.5], 0, 0.3, "", f"{SOURCE}: converges"),
        Limit("P8, dt 0.01 ms - 0.005 ms", float(coarser[7] - fine[7]), 0, 0.3, "ms", "first order in time"),
        Limit("largest difference from Cardioid, P1 to P9", 100 * apart, 0, 10, "%", "Cardioid, same dx and dt"),
        *_second_order(found, Scheme(0.2, 0.05, 2, 0.0), 3.0),
        *_second_order(found, Scheme(0.5, 0.05, 2, 0.0), 4.0),
    ]


def _second_order(found: dict[Scheme, Times], scheme: Scheme, slack: float) -> list[Limit]:
    name, P8 = f"P8, P2, dx {scheme.dx} mm, dt {scheme.dt} ms", float(found[scheme].corners[7])
    return [Limit(name, P8, CONVERGED - slack, CONVERGED + slack, "ms", f"{SOURCE}: converged")]


def _short_limits(found: dict[Scheme, Times]) -> list[Limit]:
    coarse, fine, _ = (found[scheme].corners for scheme in SHORT)
    nearer = abs(fine[7] - CONVERGED) / abs(coarse[7] - CONVERGED)
    along = found[SHORT[1]].diagonal
    return [
        Limit("P8, dx 0.2 mm, dt 0.05 ms", float(fine[7]), 1.05 * CONVERGED, 1.15 * CONVERGED, "ms", "full check"),
        Limit("its distance from 42.75, over that at 0.5 mm", float(nearer), 0, 0.5, "", f"{SOURCE}: converges"),
        Limit("P1", float(fine[0]), 1.0, 1.5, "ms", "Cardioid: 1.23"),
        Limit("steps back along the diagonal", float(-np.diff(along).min()), -1, 0.5, "ms", "a wave goes forward"),
        *_second_order(found, SHORT[2], 4.0),
    ]


def _picture(figure, found: dict[Scheme, Times]) -> None:
    """Activation along the diagonal from P1 to P8."""
    axes = figure.add_subplot()
    for scheme in _shown(list(found)):
        label = f"{scheme.label}, dx {scheme.dx} mm, dt {scheme.dt} ms"
        style = "--" if scheme.order == 2 else "-"
        x = np.linspace(0, float(np.linalg.norm(POINTS[7])), len(DIAGONAL))
        axes.plot(x, found[scheme].diagonal, style, label=label)
    axes.axhspan(42.5, 43.0, color="#bbbbbb", label="three codes, refined: 42.5 to 43 ms at P8")
    axes.set(xlabel="distance from P1 along the diagonal [mm]", ylabel="activation [ms]", ylim=(0, 60))
    axes.legend(frameon=False, fontsize=8)


def _shown(schemes: Sequence[Scheme]) -> list[Scheme]:
    """The finest steps of the default, and second order."""
    default = [s for s in schemes if s.mass == 0.5]
    finest = {s.dx: min(t.dt for t in default if t.dx == s.dx) for s in default}
    return [*(s for s in default if s.dt == finest[s.dx]), *(s for s in schemes if s.order == 2)]
