"""Where a case takes place: its mesh on the ranks, and the part of it that is tissue."""

from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.purkinje import JUNCTION
from hpc_twin.fem import Subdomain, indicator, subdomain
from hpc_twin.mesh.order import with_midpoints
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import part_of
from hpc_twin.mesh.refine import halved
from hpc_twin.parallel import InputError, say
from hpc_twin.run.meshes.regions import placed
from hpc_twin.run.meshes.sources import source_of
from hpc_twin.run.report import Timer
from hpc_twin.tissue.conductivity import region_tags


def distributed(case: Case, folder: Path, comm, timer: Timer) -> Part:
    """Bring the mesh of the case from its source to the ranks, refine it there, and name the regions of the case."""
    with timer.part("mesh"):
        source = source_of(case, folder, comm).finer()
        if comm.size > 1:
            say(comm, f"partition: {source.told}")
        comm.barrier()
    with timer.part("partition"):
        owners = source.owners(comm.size)
    with timer.part("distribution"):
        share = source.gathered(owners)
        times = source.times
        del source
    if times or case.tissue.order == 2:
        with timer.part("refinement"):
            share = halved(share, times)
            share = with_midpoints(share) if case.tissue.order == 2 else share
    with timer.part("distribution"):
        part = part_of(share)
        del share
    with timer.part("regions"):
        return placed(case, part)


def tissue(case: Case, whole: Part) -> Subdomain:
    """The elements with cells: all but those of ``tissue.without`` and ``bath.regions``."""
    names = {f"tissue.without '{name}'": name for name in case.tissue.without}
    names |= {f"bath.regions.{name}": name for name in case.bath.regions}
    left_out = [tag for key, name in names.items() for tag in region_tags(whole, name, key)]
    keep = ~np.isin(whole.regions, left_out)
    domain = subdomain(whole, keep & ~_into_nothing(whole, keep) if left_out and case.purkinje else keep)
    if domain.part.n_elements == 0:
        raise InputError(f"no element has cells: {', '.join(names)} leave nothing of the mesh")
    return domain


def _into_nothing(whole: Part, keep: np.ndarray) -> np.ndarray:
    """(n_local_elements,) junctions of cables with what ``keep`` leaves out, such as a scar of the case; collective."""
    junction = np.isin(whole.regions, [tag for tag, name in whole.region_names.items() if name == JUNCTION])
    muscle = whole.elements[keep & (whole.sizes > 2)]
    nodes = np.unique(muscle[muscle >= 0])
    kept = indicator(whole, nodes[nodes < whole.n_owned])
    return junction & (kept[whole.elements[:, 1]] == 0)
