"""Memory of each rank and seconds by phase while a case's mesh comes to the ranks: docs/partition.md.

mpirun -n 4 .venv/bin/python tests/bench/startup.py jobs/niederer 'mesh.shape.h="0.1 mm"'
"""

import resource
import sys
from pathlib import Path

from hpc_twin.case import load_case
from hpc_twin.mesh.partition import balance
from hpc_twin.parallel import hooked_abort, max_over, say, world
from hpc_twin.run.meshes import distributed
from hpc_twin.run.report import Timer


def peak() -> float:
    """Of this rank's memory so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    comm, timer = world(), Timer()
    hooked_abort(comm)
    loaded = load_case(Path(sys.argv[1]), sys.argv[2:])
    before = peak()
    part = distributed(loaded.case, loaded.folder, comm, timer)
    seconds = {name: max_over(comm, value) for name, value in timer.seconds.items()}
    grown = comm.gather(round(peak() - before))
    say(comm, f"{part.n_nodes:,} nodes, {part.n_elements:,} elements on {comm.size} ranks; {balance(part)}")
    say(comm, ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()))
    say(comm, f"MB per rank at most, above {before:.0f} of libraries: {grown}")


if __name__ == "__main__":
    main()
