"""What comes before the time loop, where a case that does not fit its mesh is refused."""

from collections.abc import Sequence

from hpc_twin.case.load import LoadedCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import return_freed, sweep
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import balance
from hpc_twin.parallel import say
from hpc_twin.run.cells import begin
from hpc_twin.run.ecg import Recording, recording
from hpc_twin.run.eikonal import arrival
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.observers.probes import nearest_nodes, probed
from hpc_twin.run.problems import problem
from hpc_twin.run.report import Timer
from hpc_twin.run.unread import tell_unread
from hpc_twin.run.velocities import by_cells
from hpc_twin.stepping import SPLITTINGS
from hpc_twin.tissue.problem import Problem


def set_up(loaded: LoadedCase, kernels: Sequence[Kernel], comm, timer: Timer) -> tuple[Part, Problem]:
    """The mesh on its ranks, and the problem with its solvers; collective."""
    return_freed()
    case = loaded.case
    tell_unread(case, comm)
    part = distributed(case, loaded.folder, comm, timer)
    say(comm, f"{part.n_nodes:,} nodes, {part.n_elements:,} elements; {balance(part)}")
    heart = problem(case, tissue(case, part), kernels, timer)
    with timer.part("solver set-up"):
        for _, fraction in SPLITTINGS[case.tissue.splitting]:
            heart.prepare(fraction * case.tissue.dt)
    del part  # with directions as they were read, which the problem may have replaced
    sweep(comm)
    return heart.domain.whole, heart


def to_record(loaded: LoadedCase, heart: Problem) -> Recording | None:
    """The electrodes of [ecg] if there is one. Refuses what cannot be recorded on this mesh, so that nothing of an
    older run has gone by then; collective."""
    case = loaded.case
    nearest_nodes(probed(case, heart), case.probes)
    return None if case.ecg is None else recording(case, case.ecg, heart.domain, loaded.folder)


def rehearse(loaded: LoadedCase, kernels: Sequence[Kernel], comm) -> Part:
    """All that a run does before its loop, but for prepacing and files, so that it refuses what the run would."""
    case, timer = loaded.case, Timer()
    if case.tissue.model == "eikonal":
        return arrival(loaded, kernels if by_cells(case) else (), comm, timer)[0].whole
    part, heart = set_up(loaded, kernels, comm, timer)
    begin(case, loaded.folder, heart)
    to_record(loaded, heart)
    return part
