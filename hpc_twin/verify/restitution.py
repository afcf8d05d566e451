"""Restitution of APD and conduction velocity of ten Tusscher & Panfilov 2006, beside the paper's figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpc_twin.cellmodels import load
from hpc_twin.parallel import alone, together
from hpc_twin.run.velocities import Beat, Cable, ClampedCell, Medium, dynamic, s1s2, steepest
from hpc_twin.tissue.monodomain import Discretisation
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "tentusscher_2006_epi"
PAPER = "ten Tusscher & Panfilov 2006"
DIFFUSION, CAPACITY = 0.154, 1.4  # mm^2/ms: theirs; uF/mm^3
H, DT, CELL_DT = 0.25, 0.02, 0.05  # mm, ms: theirs, and that of a cell alone
RATES: Sequence[float] = (1000, 800, 600, 500, 450, 400, 380, 360, 340, *range(330, 225, -10))  # ms
SHORT_RATES: Sequence[float] = (400, 340, 320, 310, 300, 290, 280, 270, 260)
COUPLINGS: Sequence[float] = (900, 700, 500, 420, 380, 360, 350, 345, 340)
SHORT_COUPLINGS: Sequence[float] = (700, 340)
LABELS = {"dynamic": "dynamic, a cell alone", "s1s2": "S1S2, cable"}

TEXT = """A cell by itself is paced {beats} times at each of ever shorter cycle lengths (the dynamic protocol), until a
beat is lost; both of the last two beats are shown, so that alternans splits the curve. The paper's default parameters
are those of its row "slope 1.1". On a cable with the paper's numerics (0.25 mm, finite differences, which are linear
elements with lumped mass, dt = 0.02 ms) and its diffusion coefficient of 0.00154 cm2/ms, S2 follows {s1} beats of
{period} ms. On a fine mesh this wave runs at 0.78 mm/ms. The same by hand: `hpc-twin restitution
tentusscher_2006_epi --protocol dynamic --single-cell`."""


def check(session: Session) -> Outcome:
    """Both protocols, on different ranks where there are two."""
    beats, s1, period = (12, 1, 700) if session.short else (50, 8, 1000)
    found = _measured(session, beats, s1, period)
    whole, earliest = found["s1s2"][0], found["s1s2"][-1]
    limits = [
        Limit("steepest slope, dynamic", steepest(found["dynamic"]), 1.0, 1.2, "1", f"{PAPER}, table 2: 1.1"),
        Limit("APD90 after a long pause", whole.APD, 295, 310, "ms", "CVODE, 1000 beats of the model's pulse: 300.75"),
        Limit("velocity after a long pause", whole.velocity, 0.68, 0.72, "mm/ms", f"{PAPER}: 0.70"),
        Limit("velocity of the earliest S2", earliest.velocity, 0.35, 0.55, "mm/ms", "less, but no wave stands still"),
    ]
    rows = [(LABELS[name], b.interval, b.DI, b.APD, b.velocity) for name, curve in found.items() for b in curve]
    return Outcome(
        title="APD and velocity after shorter pauses",
        text=TEXT.format(beats=beats, s1=s1, period=period),
        limits=limits,
        tables=[Table("beats", ("protocol", "interval [ms]", "DI [ms]", "APD90 [ms]", "velocity [mm/ms]"), rows)],
        picture=lambda figure: _draw(figure, found),
    )


def _measured(session: Session, beats: int, s1: int, period: float) -> dict[str, list[Beat]]:
    """The curves by protocol, on every rank."""
    comm, short = session.comm, session.short
    found: dict[str, list[Beat]] = {}
    with together(comm):
        kernel = load(MODEL, comm=alone())
        if comm.rank == 0:
            found["dynamic"] = dynamic(ClampedCell(Medium(kernel, H, CELL_DT)), SHORT_RATES if short else RATES, beats)
        if comm.rank == comm.size - 1:
            medium = Medium(kernel, H, DT, CAPACITY, how=Discretisation(lumping=1.0))
            cable = Cable(medium, DIFFUSION * CAPACITY, 15.0)
            found["s1s2"] = s1s2(cable, period, s1, SHORT_COUPLINGS if short else COUPLINGS)
    session.say("dynamic and S1S2")
    return {name: curve for part in comm.allgather(found) for name, curve in part.items()}


def _draw(figure: "Figure", found: dict[str, list[Beat]]) -> None:
    left, right = figure.subplots(1, 2)
    for name, beats in found.items():
        left.plot([b.DI for b in beats], [b.APD for b in beats], "o", markersize=3.5, label=LABELS[name])
    right.plot([b.DI for b in found["s1s2"]], [b.velocity for b in found["s1s2"]], "o-", markersize=3.5)
    left.set(xlabel="diastolic interval [ms]", ylabel="APD90 [ms]", xlim=(0, 320))
    right.set(xlabel="diastolic interval [ms]", ylabel="conduction velocity [mm/ms]")
    left.legend(frameon=False)
