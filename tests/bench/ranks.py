"""What the bench runs on some ranks: ``python ranks.py WHAT ARGUMENTS``; rank 0 prints one line of JSON."""

import contextlib
import ctypes
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from elliptic import elliptic
from fronts import fronts
from output import output

from hpc_twin.case import load_case
from hpc_twin.compiling import build
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import balance, distribute
from hpc_twin.mesh.partitioners import PARTITIONERS, nodal_graph
from hpc_twin.mesh.read import read
from hpc_twin.mesh.write import write
from hpc_twin.parallel import hooked_abort, max_over, sum_over, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.ecg import recording
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.problems import problem
from hpc_twin.run.report import Timer
from hpc_twin.run.tissue.directions import directions

HERE = Path(__file__).parent
CASE = HERE.parents[1] / "jobs" / "niederer" / "case.toml"
SIZE = (20.0, 7.0, 3.0)  # mm, the slab of Niederer et al. 2011
ELECTRODES = dict(
    zip(
        ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6"),
        ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1), (0.5, 0.5, 1)),
        strict=True,
    )
)


def triad(comm, megabytes: str) -> dict:
    """Bandwidth [GB/s] of all ranks together, each on three arrays of its own, ``megabytes`` in all."""
    (library,) = build([(HERE / "triad.c").read_text()], comm)
    function = ctypes.CDLL(str(library)).triad
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_long] * 2 + [ctypes.c_void_p] * 3
    n = int(float(megabytes) * 1e6 / 24)
    arrays = [np.ones(n) for _ in range(3)]
    comm.barrier()
    seconds = function(n, max(10, int(8e7 / n)), *(a.ctypes.data for a in arrays))
    return {"GB_per_s": sum_over(comm, 24e-9 * n / seconds)}


def run(comm, h: str, until: str) -> dict:
    """A whole run with its output, as a user has it: seconds by part."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        folder = Path(comm.bcast(folder))
        report = simulate(load_case(CASE, _overrides(h, until)), folder, comm, overwrite=True)
        comm.barrier()
    seconds, loop = report.seconds, report.loop.seconds
    others = (loop - seconds["cells"] - seconds["solve"]) / loop
    return {"nodes": report.nodes, "steps": report.steps, "ns": report.ns_per_node_step,
            "iterations": report.iterations_per_step, "others": others, **seconds}  # fmt: skip


def steps(comm, h: str, n: str, repeats: str) -> dict:
    """The same ``n`` steps ``repeats`` times [ns per node]: means of each step's fastest, which other work spares."""
    loaded, timer = load_case(CASE, _overrides(h, "1")), Timer()
    kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
    monodomain = problem(
        loaded.case, tissue(loaded.case, distributed(loaded.case, loaded.folder, comm, timer)), kernels, timer
    )
    dt, solver, part = loaded.case.tissue.dt, monodomain.prepare(loaded.case.tissue.dt), monodomain.part
    marks = np.empty((int(repeats), int(n), 3))
    for again in marks:
        for population in monodomain.populations:
            population.rest(monodomain.V.owned)
            population.states[:] = population.kernel.initial[:, None]
        for number, mark in enumerate(again):
            mark[0] = time.perf_counter()
            monodomain.reaction(None, number * dt, dt)
            mark[1] = time.perf_counter()
            monodomain.diffusion(None, number * dt, dt)
            mark[2] = time.perf_counter()
    cells, solve = np.diff(marks).min(axis=0).mean(axis=0)
    step = (marks[:, :, 2] - marks[:, :, 0]).min(axis=0).mean()
    found = {"cells": cells, "solve": solve, "step": step}
    iterations = solver.iterations / solver.solves
    product = sum_over(comm, monodomain.stiffness.bytes_per_product()) / part.n_nodes
    return {"nodes": part.n_nodes, "iterations": iterations, "bytes": _traffic(product, iterations),
            **{key: max_over(comm, float(value)) / part.n_nodes * 1e9 for key, value in found.items()}}  # fmt: skip


def leads(comm, h: str) -> dict:
    """Seconds until 9 electrodes' lead fields and weights on V are there, on the slab itself: a 12-lead ECG."""
    places = {name: [f"{x} mm" for x in np.array(SIZE) * corner] for name, corner in ELECTRODES.items()}
    words = [*(f"ecg.electrodes.{name}={json.dumps(place)}" for name, place in places.items())]
    loaded, timer = load_case(CASE, [*_overrides(h, "1"), 'ecg.method="lead_field"', *words]), Timer()
    domain = tissue(loaded.case, distributed(loaded.case, loaded.folder, comm, timer))
    domain = domain.directed(*directions(domain.part, loaded.case.fibres))
    comm.barrier()
    begin = time.perf_counter()
    recording(loaded.case, loaded.case.ecg, domain, loaded.folder)
    return {"seconds": max_over(comm, time.perf_counter() - begin), "nodes": domain.part.n_nodes}


def frames(comm, h: str, until: str) -> dict:
    """A run with a frame each ms."""
    return output(comm, CASE, _overrides(h, until))


def bidomain(comm, h: str, n: str) -> dict:
    """The elliptic solve among ``n`` steps, after 5 ms."""
    return elliptic(comm, CASE, _overrides(h, "50"), 100, int(n))


def _traffic(product: float, iterations: float) -> float:
    """Bytes per node and step: K V, the first residual and one product per iteration; vectors of 8 bytes in passes.

    CG with Jacobi passes over p.w 2, x 3, r 3, z = B r 3, z.r 2, p 3 vectors per iteration; before and after, over the
    scaled right-hand side 2, guess 3, residual 3, z 3, z.r 2, p 2, V 3.
    """
    return (2 + iterations) * product + 8 * (16 * iterations + 18)


def setup(comm, h: str) -> dict:
    """Seconds to read a .vtu of the slab, split it, assemble, and set up the solver."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "slab.vtu"
        write(slab(SIZE, float(h)), path)
        timer = Timer()
        with timer.part("read"):
            mesh = read(path)
    with timer.part("partition"):
        part = distribute(mesh, comm)
    loaded = load_case(CASE, ())
    kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
    monodomain = problem(loaded.case, tissue(loaded.case, part), kernels, timer)
    with timer.part("solver"):
        monodomain.prepare(0.05)
    return {"elements": part.n_elements, **timer.seconds}


def split(comm, h: str) -> list:
    """METIS and the Hilbert curve on one rank, for any number of parts: time, balance and cut of nodes."""
    mesh, rows = slab(SIZE, float(h)), []
    graph = nodal_graph(mesh.elements, mesh.n_nodes).tocoo()
    for n_parts in (2, 8, 64):
        for name, partitioner in PARTITIONERS.items():
            begin = time.perf_counter()
            owner = partitioner(mesh, n_parts)
            seconds = time.perf_counter() - begin
            rank = _node_owner(mesh, owner, n_parts)
            sizes = np.bincount(rank, minlength=n_parts)
            cut = int((rank[graph.row] != rank[graph.col]).sum()) // 2
            rows.append({"parts": n_parts, "method": name, "seconds": seconds, "cut": cut,
                         "imbalance": sizes.max() / sizes.mean() - 1})  # fmt: skip
    return rows


def _node_owner(mesh, owner: np.ndarray, n_parts: int) -> np.ndarray:
    """Each node to the part with most of its elements."""
    votes = np.zeros((mesh.n_nodes, n_parts), np.int32)
    np.add.at(votes, (mesh.elements, owner[:, None]), 1)
    return votes.argmax(axis=1)


def spread(comm, h: str, method: str) -> dict:
    """The whole distribution with ``method`` on these ranks."""
    mesh = slab(SIZE, float(h)) if comm.rank == 0 else None
    comm.barrier()
    begin = time.perf_counter()
    part = distribute(mesh, comm, method)
    seconds = max_over(comm, time.perf_counter() - begin)
    found = balance(part)
    return {"parts": comm.size, "method": method, "seconds": seconds, "cut": found.edge_cut,
            "imbalance": found.largest / found.mean - 1, "ghosts": found.ghosts}  # fmt: skip


def _overrides(h: str, until: str) -> list[str]:
    return [f'mesh.shape.h="{h} mm"', f'tissue.until="{until} ms"', 'tissue.dt="0.05 ms"']


WHAT = {"triad": triad, "run": run, "steps": steps, "setup": setup, "split": split, "spread": spread, "leads": leads,
        "bidomain": bidomain, "fronts": fronts, "frames": frames}  # fmt: skip

if __name__ == "__main__":
    comm = world()
    hooked_abort(comm)
    answer = WHAT[sys.argv[1]](comm, *sys.argv[2:])
    if comm.rank == 0:
        print(json.dumps(answer))
