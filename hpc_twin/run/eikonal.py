"""The eikonal models of a case: an activation map in one solve, and activation that drives the cells."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.eikonal import FootCase
from hpc_twin.case.load import LoadedCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Field, Subdomain
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import balance
from hpc_twin.parallel import InputError, on_root, say, sum_over, warn
from hpc_twin.run.cells import load_kernels, prepaced
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.observers.coordinates import CoordinateMaps
from hpc_twin.run.report import Progress, Report, Timer, attributes, make_report
from hpc_twin.run.restart import check_folder, prepare_folder
from hpc_twin.run.tissue import (
    capacity,
    conductivity,
    discretisation,
    extent,
    membrane,
    populations,
    stimuli,
    tissue_directions,
)
from hpc_twin.run.unread import tell_unread
from hpc_twin.run.velocities import PlaneWave, by_cells, plane_wave, squared_velocities, wave_needed
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.eikonal.reaction_eikonal import Drive, Foot, ReactionEikonal, first_pulses, latest, waves
from hpc_twin.tissue.eikonal.solver import Eikonal
from hpc_twin.tissue.measures import front_velocity
from hpc_twin.tissue.monodomain import Monodomain
from hpc_twin.tissue.stimulus import Stimulus

MAPS = {"activation": ("ms", "activation time: arrival of the first wave")}
SPEEDS = {f"velocity_{a}": ("m/s", f"velocity of the first wave, {a}") for a in "xyz"}
SPEEDS |= {"speed": ("m/s", "conduction velocity of the first wave")}


def activate(loaded: LoadedCase, folder: Path, comm, overwrite: bool = False) -> Report:
    """Solve the eikonal equation of a case and write the map to result.exo. Collective; raises InputError."""
    case, timer = loaded.case, Timer()
    with timer.part("cell models"):
        kernels = load_kernels(case.cells, loaded.folder, comm) if by_cells(case) else []
    with timer.part("prepacing"):
        kernels = prepaced(case, kernels, comm) if kernels else []
    on_root(comm, lambda: check_folder(folder, overwrite))
    domain, T = arrival(loaded, kernels, comm, timer)
    whole = domain.whole
    on_root(comm, lambda: prepare_folder(folder, loaded, comm.size))
    with Progress(comm, case.tissue.until, folder) as progress, timer.part("output"):
        written = _write(loaded, domain, T, folder)
        progress.at(case.tissue.until)
    return make_report(whole, timer).written(written)


def arrival(loaded: LoadedCase, kernels: Sequence[Kernel], comm, timer: Timer) -> tuple[Subdomain, Field]:
    """The tissue, and when the first wave arrives at its nodes [ms]; ``kernels`` where cells decide velocities."""
    case = loaded.case
    tell_unread(case, comm)
    whole = distributed(case, loaded.folder, comm, timer)
    say(comm, f"{whole.n_nodes:,} nodes, {whole.n_elements:,} elements; {balance(whole)}")
    domain = tissue(case, whole)
    with timer.part("fibres"):
        fibres = tissue_directions(case, domain)
        domain = domain.directed(*fibres)
    with timer.part("velocities"):
        cells = populations(domain.part, case.cells, kernels) if kernels else []
        known = _plane_waves(case, cells, wave_needed(case, domain.part, cells), comm) if cells else []
        tensor = squared_velocities(case, domain.part, cells, known, fibres)
    with timer.part("eikonal"):
        return domain, _first_arrival(case, domain.part, tensor)


def reaction_eikonal(case: Case, domain: Subdomain, kernels: Sequence[Kernel], fibres) -> ReactionEikonal:
    """The eikonal equation's waves drive the cells, coupled by diffusion (RE+) or not (RE-)."""
    part, foot = domain.part, case.tissue.foot or FootCase()
    cells = populations(part, case.cells, kernels)
    needed = [True] * len(cells) if foot.form == "wave" else wave_needed(case, part, cells)
    known = _plane_waves(case, cells, needed, part.comm)
    tensor = squared_velocities(case, part, cells, known, fibres)
    arrivals = waves(Eikonal(part, tensor), _depolarising(case, part), case.tissue.until)
    for T in arrivals:
        _tell_unreached(T)
    say(part.comm, f"waves: {len(arrivals)}; the last nodes at {', '.join(f'{latest(T):.4g}' for T in arrivals)} ms")
    nodes = [np.arange(part.n_owned)[population.nodes] for population in cells]
    drive = Drive(part.n_owned, nodes, _feet(case, foot, known, part.comm, len(cells)), [T.owned for T in arrivals])
    monodomain = Monodomain(
        domain,
        cells,
        conductivity(case, part, "effective", fibres),
        drive,
        membrane(case, part),
        discretisation(case),
        extent(case, part),
    )
    return ReactionEikonal(monodomain, foot.diffusion)


def _plane_waves(case: Case, cells: Sequence[Population], needed: Sequence[bool], comm) -> list[PlaneWave | None]:
    """One for each population that needs it; equal cells share theirs."""
    found: dict[tuple, PlaneWave] = {}
    for population, key, wanted in zip(cells, case.cells.models, needed, strict=True):
        alike = _alike(population.kernel)
        if wanted and alike not in found:
            found[alike] = plane_wave(population.kernel, capacity(case), comm, _remedy(case, key))
    return [found[_alike(p.kernel)] if wanted else None for p, wanted in zip(cells, needed, strict=True)]


def _remedy(case: Case, key: str) -> str:
    """What may be given instead of the plane wave of the cells of ``key``."""
    if case.tissue.foot is not None and case.tissue.foot.form == "wave":
        return 'tissue.foot.shape = "pulse"'
    if key.startswith("cells.regions."):
        return f'tissue.velocity.regions.{key.removeprefix("cells.regions.")}.values, as in ["2 mm/ms"]'
    return 'tissue.velocity.values, as in ["0.6 mm/ms", "0.3 mm/ms"], or tissue.velocity.regions.<region>.values'


def _alike(kernel: Kernel) -> tuple:
    return kernel.digest, kernel.v_initial, kernel.initial.tobytes()


def _feet(case: Case, foot: FootCase, known: Sequence[PlaneWave | None], comm, n: int) -> list[Foot]:
    """One for each population."""
    if foot.form == "pulse":
        return [Foot.pulse(foot.strength / capacity(case), foot.duration)] * n
    return comm.bcast(on_root(comm, lambda: [wave.foot() for wave in known if wave is not None]))


def _depolarising(case: Case, part: Part) -> tuple[Stimulus, ...]:
    every = stimuli(part, case, membrane(case, part)).stimuli
    found = tuple(s for s, wanted in zip(every, case.stimulus, strict=True) if wanted.strength > 0)
    if len(found) < len(every):
        names = ", ".join(f"'{wanted.name}'" for wanted in case.stimulus if wanted.strength <= 0)
        warn(part.comm, f"stimulus {names} does not depolarise: no eikonal wave begins there")
    begins = [begin for s in found for begin, _ in s.pulses.between(0.0, case.tissue.until)]
    if not begins:
        raise InputError("stimulus: none depolarises before tissue.until: an eikonal wave has to begin somewhere")
    return found


def _first_arrival(case: Case, part: Part, tensor: np.ndarray) -> Field:
    """Solve, and tell how fast."""
    solver = Eikonal(part, tensor)
    nodes, times = first_pulses(_depolarising(case, part), case.tissue.until)
    part.comm.barrier()
    begin = time.perf_counter()
    T, work = solver.solve(nodes, times)
    seconds = time.perf_counter() - begin
    speed = f"{1e-6 * part.n_nodes / seconds:.2f} million nodes/s"
    say(part.comm, f"eikonal: {work.passes:.2f} passes over the nodes, {work.exchanges} exchanges of ranks, {speed}")
    say(part.comm, f"the last node is reached at {latest(T):.4g} ms")
    _tell_unreached(T)
    return T


def _tell_unreached(T: Field) -> None:
    lost = sum_over(T.part.comm, int(np.isinf(T.owned).sum()))
    if lost:
        warn(T.part.comm, f"{lost:,} of {T.part.n_nodes:,} nodes are not joined to any stimulus: no wave arrives there")


def _write(loaded: LoadedCase, domain: Subdomain, T: Field, folder: Path) -> int:
    case, whole = loaded.case, domain.whole
    times = np.where(np.isinf(T.owned), np.nan, T.owned)
    maps, values = MAPS, {"activation": times}
    if "velocity" in case.output.measures:
        velocity = front_velocity(domain.part, times)
        maps, rows = {**MAPS, **SPEEDS}, (*velocity.T, np.linalg.norm(velocity, axis=1))
        values |= dict(zip(SPEEDS, rows, strict=True))
    if case.output.coordinates:
        where = CoordinateMaps(domain.part)
        maps, values = {**maps, **where.maps}, {**values, **where.values()}
    words = attributes(loaded, whole)
    path = folder / "result.exo"
    with ExodusWriter(path, whole, {}, words, maps, case.output.fibres, title=case.title, frames=1) as result:
        result.write_static({k: domain.spread(v, np.full(whole.n_owned, np.nan)) for k, v in values.items()})
        result.write_frame(0.0, {})
        return result.close()
