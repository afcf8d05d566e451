"""The eikonal solver on the slab of the benchmark: set-up and solve, on some ranks."""

import time

import numpy as np

from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import max_over, on_root
from hpc_twin.tissue.conductivity import tensors
from hpc_twin.tissue.eikonal.solver import Eikonal
from hpc_twin.tissue.stimulus import in_box


def fronts(comm, h: str) -> dict:
    """Seconds to set up and to solve from the corner, at 0.6 mm/ms along the fibres and 0.22 across."""
    part = distribute(on_root(comm, lambda: slab(h=float(h))), comm)
    tensor = tensors(part, (0.6**2, 0.22**2), {}, part.fibres, None)
    nodes = in_box(part, (0, 0, 0), (1.5, 1.5, 1.5))
    comm.barrier()
    begin = time.perf_counter()
    solver = Eikonal(part, tensor)
    ready = max_over(comm, time.perf_counter())
    _, work = solver.solve(nodes, np.zeros(len(nodes)))
    done = max_over(comm, time.perf_counter())
    return {"nodes": part.n_nodes, "setup": ready - begin, "solve": done - ready, "passes": work.passes}
