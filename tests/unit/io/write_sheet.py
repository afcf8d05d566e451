"""Run under mpirun by the tests: write_sheet.py FOLDER [parallel]; a wave over a sheet, and traces of five points."""

import sys

import numpy as np
from strips import sheet, strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.traces import TraceWriter
from hpc_twin.parallel import world


def main(folder: str, parallel: bool | None) -> None:
    comm = world()
    part = strips(sheet(), comm)
    x = part.points[: part.n_owned]
    fields, maps = {"V": ("mV", "transmembrane potential")}, {"activation": ("ms", "activation time")}
    words = {"run_id": "test", "case": "[tissue]\n"}
    with ExodusWriter(f"{folder}/sheet.exo", part, fields, words, maps, fibres=True, parallel=parallel) as writer:
        for k in range(40):
            writer.write_frame(0.5 * k, {"V": np.where(x[:, 0] < 0.25 * k, 20.0, -85.0) + x[:, 1]})
        writer.write_static({"activation": np.where(x[:, 1] < 7, 2 * x[:, 0], np.nan)})
    columns = np.arange(comm.rank, 5, comm.size)
    with TraceWriter(comm, f"{folder}/t.nc", [f"P{k}" for k in range(5)], fields, columns, np.eye(5, 3)) as traces:
        for k in range(5000):
            traces.append(0.1 * k, {"V": columns + 1.0 * k})
    assert writer.close() > 0


if __name__ == "__main__":
    main(sys.argv[1], True if "parallel" in sys.argv else None)
