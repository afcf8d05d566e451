"""Run by the tests: go_on.py FOLDER; write three files at one go, and again with a stop in the middle, frames lost."""

import shutil
import sys
from pathlib import Path

import numpy as np
from strips import sheet, strips

from hpc_twin.io.events import EventWriter
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.traces import TraceWriter
from hpc_twin.parallel import on_root, world

V, CHARGE = {"V": ("mV", "potential")}, {"charge": ("1", "charge")}
STEPS, STOP, LOST = 70, 33, 3
NAMES = ("a.exo", "t.nc", "e.nc")


def opened(folder: Path, part, again: bool) -> list:
    maps, columns = {"activation": ("ms", "activation time")}, np.arange(part.comm.rank, 5, part.comm.size)
    exodus = ExodusWriter(folder / "a.exo", part, V, {"run_id": "x"}, maps, fibres=True, again=again)
    traces = TraceWriter(part.comm, folder / "t.nc", list("abcde"), V, columns, attributes={"a": 1}, again=again)
    return [exodus, traces, EventWriter(part.comm, folder / "e.nc", CHARGE, {"a": 1}, again=again)]


def write(files: list, part, steps: range) -> None:
    exodus, traces, events = files
    columns, points = np.arange(part.comm.rank, 5, part.comm.size), part.points[: part.n_owned]
    for k in steps:
        values = np.where(points[:, 0] > k / 10, np.nan, np.sin(k) * points[:, 1])
        exodus.write_static({"activation": points[:, 0] + k})
        exodus.write_frame(0.5 * k, {"V": values})
        traces.append(0.1 * k, {"V": np.sin(columns + k)})
        ids = part.node_ids[: part.n_owned][points[:, 0] + points[:, 1] == k % 20]
        events.append(float(k), ids, np.column_stack((ids, ids, ids)), {"charge": 1.0 / (1 + ids)})


def main(folder: Path) -> None:
    comm = world()
    part = strips(sheet(), comm)
    kept = [folder / name for name in ("whole", "parts", "copy")]
    on_root(comm, lambda: [path.mkdir() for path in kept])
    files = opened(kept[0], part, False)
    write(files, part, range(STEPS))
    for file in files:
        file.close()
    stopped = opened(kept[1], part, False)
    write(stopped, part, range(STOP))
    for file in stopped:
        file.flush()
    on_root(comm, lambda: [shutil.copy(kept[1] / f"{name}.part", kept[2]) for name in NAMES])
    write(stopped, part, range(STOP, STOP + LOST))
    files = opened(kept[2], part, True)
    assert files[0].frames == STOP and len(files[1].written()[0]) == STOP
    write(files, part, range(STOP, STEPS))
    for file in files:
        file.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
