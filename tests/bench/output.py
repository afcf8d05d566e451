"""What output costs: a frame every millisecond in a whole run, a raw write of the same bytes, and reading it again."""

import contextlib
import io
import os
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.parallel import max_over
from hpc_twin.run import simulate

REPEATS = 5


def output(comm, case: Path, overrides: list[str]) -> dict:
    """Share of the loop that frames take, ms a frame, ms of a raw write of as many bytes, ratio of compression."""
    words = [*overrides, 'output.every="1 ms"', "output.fibres=false"]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        folder = Path(comm.bcast(folder))
        report = simulate(load_case(case, words), folder, comm, overwrite=True)
        comm.barrier()
        found = _read(folder / "result.exo") if comm.rank == 0 else {}
    loop = report.loop
    frame = report.seconds["output"] / loop.frames
    raw = max_over(comm, _raw(loop.bytes_of_frames // loop.frames) if comm.rank == 0 else 0.0)
    return {"nodes": report.nodes, "frames": loop.frames, "share": report.seconds["output"] / loop.seconds,
            "ms": 1e3 * frame, "raw_ms": 1e3 * raw, "times_raw": frame / raw,
            **found}  # fmt: skip


def _raw(n_bytes: int) -> float:
    """Seconds to write ``n_bytes`` and hand them to the operating system, the median of some."""
    block, seconds = np.random.default_rng(0).bytes(n_bytes), []
    with tempfile.TemporaryFile() as file:
        for _ in range(REPEATS):
            begin = time.perf_counter()
            os.write(file.fileno(), block)
            seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))


def _read(path: Path) -> dict:
    """Compression of all frames, and ms to read one of them, and one node at all times."""
    with read_result(path) as result:
        n_frames, n_nodes = result.n_frames, result.n_nodes
        begin = time.perf_counter()
        for k in range(n_frames):
            result.frame(k, "V")
        frame = (time.perf_counter() - begin) / n_frames
    with read_result(path) as result:
        begin = time.perf_counter()
        result.series(n_nodes // 2, "V")
        series = time.perf_counter() - begin
    with h5py.File(path) as file:
        stored = file["vals_nod_var1"].id.get_storage_size()
    return {"ratio": 4 * n_frames * n_nodes / stored, "read_ms": 1e3 * frame, "series_ms": 1e3 * series}
