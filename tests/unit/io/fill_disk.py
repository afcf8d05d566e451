"""Run by the tests: fill_disk.py FOLDER [bytes [unchecked]]; write noise until the disk or a size limit is full."""

import resource
import sys

import numpy as np
from strips import sheet, strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.parallel import TwinError, world


def main(folder: str, limit: int | None) -> int:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    comm = world()
    part = strips(sheet(60), comm)
    noise = np.random.default_rng(comm.rank)
    fields, maps = {"V": ("mV", "noise")}, {"activation": ("ms", "activation time")}
    try:
        with ExodusWriter(f"{folder}/a.exo", part, fields, {}, maps) as writer:
            for k in range(1000):
                writer.write_static({"activation": part.points[: part.n_owned, 0]})
                writer.write_frame(float(k), {"V": noise.random(part.n_owned)})
    except TwinError as error:
        print(f"rank {comm.rank}: {error}", flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    if "unchecked" in sys.argv:
        SharedFile.require_space = lambda self, n_bytes: None
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
