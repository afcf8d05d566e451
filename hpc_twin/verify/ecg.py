"""Potentials at electrodes by lead fields: beside the bidomain's own phi_e in a bath, and beside a closed formula.

The potential on the surface of a homogeneous insulated ball (radius R, conductivity s) with a dipole p at x0, from the
gradient of Neumann's function of the ball (Frank 1952, J Appl Phys 23:1225, in closed form; d = x - x0):

    phi(x) = p / (4 pi s) . [ 2 d / |d|^3 + (x + R d / |d|) / (R (R^2 - x . x0 + R |d|)) ]        |x| = R
"""

from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from hpc_twin.fem import measures, subdomain
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.locate import outside
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import on_root, sum_over
from hpc_twin.tissue.ecg.leadfield import electrode_node, lead_fields, weights
from hpc_twin.tissue.ecg.leads import leads_of
from hpc_twin.tissue.ecg.weights import infinite_medium
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table

RADIUS, SIGMA_B, SIGMA_I = 12.0, 0.6, np.diag([0.17, 0.02, 0.05])
SLOPE = np.array([10.0, 40.0, -30.0])  # mV/mm of V in the source
PLACE, SIZE = np.array([4.0, -3.0, 2.0]), 2.0  # mm: the source, a block of tissue
DIRECTIONS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [1, -1, 1], [-1, -1, 1]])
CASE = """
[mesh]
generate = "slab"
shape = {{ size = ["12 mm", "8 mm", "8 mm"], h = "{h} mm" }}
[[region]]
name = "bath"
box = {{ min = ["0 mm", "0 mm", "0 mm"], max = ["12 mm", "8 mm", "8 mm"] }}
[[region]]
name = "heart"
box = {{ min = ["2 mm", "2 mm", "2 mm"], max = ["10 mm", "6 mm", "5 mm"] }}
[fibres]
rule = "constant"
direction = [1, 0.5, 0]
[cells]
model = "mitchell_schaeffer_2003"
[tissue]
model = "bidomain"
until = "{until} ms"
dt = "0.05 ms"
[tissue.conductivity]
intracellular = ["0.17 S/m", "0.019 S/m"]
extracellular = ["0.62 S/m", "0.24 S/m"]
[bath.regions.bath]
conductivity = ["0.8 S/m"]
[bidomain]
rtol = 1e-9
[[stimulus]]
box = {{ min = ["2 mm", "2 mm", "2 mm"], max = ["3 mm", "3 mm", "5 mm"] }}
[output]
every = "1 ms"
fields = ["V", "phi_e"]
[ecg]
method = "lead_field"
[ecg.electrodes]
RA = ["0 mm", "0 mm", "8 mm"]
LA = ["12 mm", "0 mm", "8 mm"]
LL = ["6 mm", "8 mm", "0 mm"]
V1 = ["4 mm", "0 mm", "4 mm"]
V4 = ["12 mm", "4 mm", "4 mm"]
inside = ["6 mm", "4 mm", "6 mm"]
ground = ["0 mm", "8 mm", "0 mm"]
"""
TEXT = """**In a bath.** A wave crosses anisotropic tissue in a conducting bath by the bidomain equations, whose own
phi_e is read at the electrodes' nodes, and made into leads; the lead fields, solved once before the run, give the same
leads from V alone. By reciprocity the two are equal in the discrete equations, so what differs is left by the iterative
solvers and the single precision of the result file.

**In an insulated ball.** A block of tissue off the centre of a homogeneous ball, V linear in it, is a cloud of equal
dipoles, whose potential on the ball's surface is known in closed form. Lead fields on two meshes are held against it,
and the weights of the infinite medium against the dipoles' potential there; the error is the root mean square over 8
electrodes, of the potentials' own."""


@dataclass(frozen=True)
class Against:
    """Relative errors at edges of ``h`` mm: of lead fields in the ball, and in an infinite medium."""

    h: float
    ball: float
    infinite: float


@dataclass(frozen=True)
class Bath:
    """(n_times,) ms and (n_times, n_leads) mV: by lead fields and from phi_e."""

    names: list[str]
    times: np.ndarray
    fields: np.ndarray
    direct: np.ndarray

    @property
    def apart(self) -> float:
        """Largest difference, of the leads' range; of potentials, whose references differ, from their mean."""
        return float(np.abs(self.fields - self.direct).max() / np.ptp(self.direct))


def check(session: Session) -> Outcome:
    """Both."""
    folder = session.run("bath", CASE.format(h=1.0 if session.short else 0.5, until=6 if session.short else 14))
    bath = session.comm.bcast(on_root(session.comm, lambda: _compared(folder)))
    errors = [_in_ball(session, h) for h in ((2.0, 1.0) if session.short else (1.5, 0.75))]
    order = float(np.log2(errors[-2].ball / errors[-1].ball))
    spans = np.ptp(bath.direct, axis=0)
    return Outcome(
        title="potentials at electrodes: lead fields beside phi_e and beside a closed formula",
        text=TEXT,
        limits=[
            Limit("bath: largest difference of the leads, of their range", bath.apart, 0, 1e-5, "", "bidomain phi_e"),
            Limit("bath: range of the leads", float(np.ptp(bath.direct)), 1.0, 100.0, "mV", "a wave to compare"),
            Limit("ball: error on the finest mesh", errors[-1].ball, 0, 0.03, "", "Frank 1952"),
            Limit("ball: order in h", order, 1.2, 2.5, "", "P1 elements, electrodes at nodes: 2 less a logarithm"),
            Limit("infinite medium: error", errors[-1].infinite, 0, 2e-3, "", "p . d / (4 pi s |d|^3)"),
        ],
        tables=[
            Table("In a bath", ("lead", "range, mV", "largest difference, mV"), [
                (name, float(span), float(apart)) for name, span, apart in
                zip(bath.names, spans, np.abs(bath.fields - bath.direct).max(axis=0), strict=True)
            ]),
            Table("In a ball", ("h, mm", "error of lead fields", "error in an infinite medium"),
                  [astuple(error) for error in errors]),
        ],
        picture=lambda figure: _draw(figure, bath),
    )  # fmt: skip


def _compared(folder: Path) -> Bath:
    traces = read_traces(folder / "ecg.nc")
    electrodes = {
        key.removeprefix("electrode_").removesuffix("_mm"): np.asarray(place)
        for key, place in traces.attributes.items()
        if key.startswith("electrode_")
    }
    matrix = leads_of(list(electrodes), "mean").matrix
    with read_result(folder / "result.exo") as result:
        nodes = [int(np.linalg.norm(result.points - place, axis=1).argmin()) for place in electrodes.values()]
        phi = np.array([result.frame(k, "phi_e")[nodes] for k in range(result.n_frames)])
        rows = np.searchsorted(traces.times, result.times - 1e-6)
    fields, direct = traces.values["ecg"][rows], phi @ matrix.T
    loose = np.abs(matrix.sum(axis=1)) > 1e-9  # potentials: both against the mean of those that are no lead
    for values in (fields, direct):
        values[:, loose] -= values[:, loose].mean(axis=1, keepdims=True)
    return Bath(traces.names, traces.times[rows], fields, direct)


def _in_ball(session: Session, h: float) -> Against:
    session.say(f"ball, h = {h:g} mm")
    part = distribute(on_root(session.comm, lambda: ball(RADIUS, h)), session.comm)
    centres = part.points[part.elements].mean(axis=1)
    domain = subdomain(part, (np.abs(centres - PLACE) < SIZE).all(axis=1))
    sigma, sigma_i = (np.broadcast_to(s, (n, 3, 3)) for s, n in ((SIGMA_B * np.eye(3), len(part.elements)),
                                                                 (SIGMA_I, len(domain.part.elements))))  # fmt: skip
    wanted = RADIUS * DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    surface = outside(part.elements, part.n_local)[: part.n_owned]
    found = [electrode_node(part, place, surface) for place in wanted]
    places = np.array([place for _, place, _ in found])
    fields = lead_fields(part, sigma, [node for node, _, _ in found])
    V = domain.part.points[: domain.part.n_owned] @ SLOPE
    ours = sum_over(session.comm, weights(domain.part, sigma_i, fields[:, domain.nodes]) @ V)
    infinite = sum_over(session.comm, infinite_medium(domain.part, sigma_i, places, SIGMA_B) @ V)
    owned = domain.part.elements[: domain.part.n_owned_elements]
    middles = domain.part.points[owned].mean(axis=1) if len(owned) else np.zeros((0, 3))
    sizes = measures(domain.part.points, owned)
    exact = [sum_over(session.comm, np.array([f(place, middles, sizes) for place in places])) for f in (on_ball, alone)]
    return Against(h, _apart(ours - ours.mean(), exact[0] - exact[0].mean()), _apart(infinite, exact[1]))


def _apart(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def on_ball(place: np.ndarray, middles: np.ndarray, sizes: np.ndarray) -> float:
    """mV on the surface of the insulated ball, from dipoles -sigma_i SLOPE ``sizes`` (n,) at ``middles`` (n, 3)."""
    away = place - middles
    distance = np.linalg.norm(away, axis=1, keepdims=True)
    below = RADIUS * (RADIUS**2 - middles @ place[:, None] + RADIUS * distance)
    kernel = 2 * away / distance**3 + (place + RADIUS * away / distance) / below
    return float(sizes @ kernel @ (-SIGMA_I @ SLOPE)) / (4 * np.pi * SIGMA_B)


def alone(place: np.ndarray, middles: np.ndarray, sizes: np.ndarray) -> float:
    """mV of the same dipoles in an infinite medium."""
    away = place - middles
    kernel = away / np.linalg.norm(away, axis=1, keepdims=True) ** 3
    return float(sizes @ kernel @ (-SIGMA_I @ SLOPE)) / (4 * np.pi * SIGMA_B)


def ball(radius: float, h: float) -> Mesh:
    """A cube of edges ``h``, each of its shells blown up to a sphere."""
    cube = slab((2.0, 2.0, 2.0), h / radius)
    x = cube.points - 1.0
    far, length = np.abs(x).max(axis=1), np.maximum(np.linalg.norm(x, axis=1), 1e-12)
    return Mesh(radius * x * (far / length)[:, None], cube.elements, cube.regions)


def _draw(figure, bath: Bath) -> None:
    axes = figure.add_subplot()
    for k, name in enumerate(bath.names):
        (line,) = axes.plot(bath.times, bath.fields[:, k], label=name, linewidth=1.5)
        axes.plot(bath.times, bath.direct[:, k], "o", color=line.get_color(), markersize=5, fillstyle="none")
    axes.set_xlabel("time [ms]")
    axes.set_ylabel("lead [mV]")
    axes.set_title("Lead fields (lines) and the bidomain's phi_e (circles), in a bath")
    axes.legend(frameon=False, ncols=3)
