"""``make bench``: where the time of a run goes, as ratios and as nanoseconds per node and step. Takes 5 minutes.

The problem is the slab of Niederer et al. 2011 at dt 0.05 ms. Runs alternate between 1 and 2 ranks, and medians of
several are printed, since other work on the machine disturbs each of them. ``python run.py SECTION ...`` for some.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

RANKS = Path(__file__).with_name("ranks.py")
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(RANKS.parents[2]),
    "OMP_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}
# ns per node and step on one core of a machine of this kind, the same problem
OTHERS = {"TorchCor": 731, "MonoAlg3D": 3307, "cbcbeat": 8008}


def on(ranks: int, *words: object):
    """What ranks.py answers on so many ranks."""
    return json.loads(told(ranks, RANKS, *words).splitlines()[-1])


def told(ranks: int, script: Path, *words: object) -> str:
    """What a script prints on so many ranks."""
    command = ["mpirun", "-n", str(ranks), sys.executable, str(script), *map(str, words)]
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def medians(answers: list[dict]) -> dict:
    """Medians of the numbers."""
    return {key: median(answer[key] for answer in answers) for key in answers[0]}


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def bandwidth(ranks: int, megabytes: float) -> float:
    """GB/s of STREAM's triad, the better of two."""
    return max(on(ranks, "triad", megabytes)["GB_per_s"] for _ in range(2))


def memory() -> None:
    """STREAM."""
    title("STREAM triad")
    for words, size in (("memory (192 MB per rank)", 192), ("cache (6 MB per rank)", 6)):
        one, two = bandwidth(1, size), bandwidth(2, size)
        print(f"{words}: {one:.1f} GB/s on 1 rank, {two:.1f} on 2: {two / one:.2f} times")


def step(h: str, n: int, repeats: int) -> None:
    """Cells and solve on 1 and 2 ranks, and the solve against its traffic."""
    title(f"{n} steps at {h} mm, each step's fastest of {repeats} [ns per node and step]")
    pairs = [(on(1, "steps", h, n, repeats), on(2, "steps", h, n, repeats))]
    for ranks, answers in enumerate(zip(*pairs, strict=True), start=1):
        m = medians(list(answers))
        needed = m["bytes"] / bandwidth(ranks, 192)
        print(
            f"{ranks} rank(s), {m['nodes']:,} nodes: cells {m['cells']:.1f}, solve {m['solve']:.1f} in "
            f"{m['iterations']:.2f} iterations, step {m['step']:.1f}; the solve moves {m['bytes']:.0f} bytes, "
            f"{needed:.1f} ns at the triad's speed in memory: {m['solve'] / needed:.2f} times that"
        )
    ratios = {key: median(one[key] / two[key] for one, two in pairs) for key in ("cells", "solve", "step")}
    print("1 against 2 ranks: " + ", ".join(f"{key} {value:.2f}" for key, value in ratios.items()) + " (aim: 1.8)")


def loop() -> None:
    """Whole runs."""
    title("whole runs, 20 ms at 0.2 mm with output each 5 ms, median of 3 [ns per node and step]")
    for ranks in (1, 2):
        m = medians([on(ranks, "run", "0.2", 20) for _ in range(3)])
        per = 1e9 / (m["nodes"] * m["steps"])
        print(
            f"{ranks} rank(s): {m['ns']:.0f}: cells {m['cells'] * per:.1f}, solve {m['solve'] * per:.1f}, output "
            f"{m['output'] * per:.1f}; all but cells and solve {100 * m['others']:.1f} % of the loop (aim: < 5 %)"
        )
        if ranks == 1:
            print("published, per core: " + ", ".join(f"{k} {v} ({v / m['ns']:.1f} times)" for k, v in OTHERS.items()))


def output() -> None:
    """Frames."""
    title("a frame each ms for 20 ms on the slab at 0.2 mm, medians of 3")
    for ranks in (1, 2):
        m = medians([on(ranks, "frames", "0.2", 20) for _ in range(3)])
        print(
            f"{ranks} rank(s), {m['nodes']:,.0f} nodes: {100 * m['share']:.1f} % of the loop (aim: < 5 %), a frame "
            f"{m['ms']:.1f} ms, {m['times_raw']:.0f} times a raw write of as many bytes ({m['raw_ms']:.2f} ms), "
            f"{m['ratio']:.2f} times smaller; read again: a frame in {m['read_ms']:.1f} ms, a node at all times in "
            f"{m['series_ms']:.1f} ms"
        )


def setup() -> None:
    """Set-up of a million elements."""
    title("set-up of a million elements on 1 rank")
    m = on(1, "setup", "0.1367")
    parts = {key: value for key, value in m.items() if key != "elements"}
    words = ", ".join(f"{key} {value:.1f}" for key, value in parts.items())
    print(f"{m['elements']:,} elements: {words}, together {sum(parts.values()):.1f} s (aim: < 20 s)")


def leads() -> None:
    """Lead fields."""
    title("lead fields for 12 leads (9 electrodes) against the cells and solves of 20 ms of monodomain, medians of 3")
    for h, ranks in (("0.5", 1), ("0.2", 1), ("0.2", 2)):
        pairs = [(on(ranks, "leads", h), on(ranks, "run", h, 20)) for _ in range(3)]
        seconds = median(lead["seconds"] for lead, _ in pairs)
        ratio = median(lead["seconds"] / (loop["cells"] + loop["solve"]) for lead, loop in pairs)
        print(
            f"{ranks} rank(s), {h} mm, {pairs[0][0]['nodes']:,.0f} nodes: {seconds:.2f} s: {ratio:.2f} times (aim: < 1)"
        )


def bidomain() -> None:
    """The elliptic solve."""
    title("bidomain on the slab: the elliptic solve, warm-started, against the parabolic one; medians of the steps")
    for h, ranks in (("0.5", 1), ("0.2", 1), ("0.2", 2)):
        m = on(ranks, "bidomain", h, 60)
        blocks = m["both"] / (m["V"] + m["phi_e"])
        print(
            f"{ranks} rank(s), {h} mm, {m['nodes']:,} nodes: {m['iterations']:.0f} iterations, at most {m['most']:.0f} "
            f"(aim: 15); {m['phi_e'] / m['V']:.1f} times the parabolic solve, {m['phi_e'] / m['cells']:.1f} times the "
            f"cells; in blocks {m['iterations_of_both']:.0f} iterations, {blocks:.2f} times both"
        )


def eikonal() -> None:
    """Activation without V."""
    title("the eikonal equation on the slab at 0.2 mm, medians of 3")
    for ranks in (1, 2):
        m = medians([on(ranks, "fronts", "0.2") for _ in range(3)])
        print(
            f"{ranks} rank(s), {m['nodes']:,.0f} nodes: {1e-6 * m['nodes'] / m['solve']:.2f} million nodes/s, "
            f"{m['passes']:.2f} passes; set-up {m['setup'] / m['solve']:.1f} solves"
        )


def partition(h: str = "0.2") -> None:
    """Partitioners."""
    title(f"partitioners on the slab at {h} mm")
    for row in on(1, "split", h):
        print("{parts:3} parts, {method:8}: {seconds:6.2f} s alone, edge cut {cut:,}, "
              "largest {imbalance:+.1%}".format(**row))  # fmt: skip
    for method in ("metis", "hilbert", "ptscotch"):
        row = on(2, "spread", h, method)
        print("{parts:3} ranks, {method:8}: {seconds:6.2f} s with migration, edge cut {cut:,}, ghosts {ghosts:,}, "
              "largest {imbalance:+.1%}".format(**row))  # fmt: skip


def cells() -> None:
    """Cell models."""
    from cells import show  # compiles and times in this process, so only where it is wanted

    title("cell models on one core, states in memory, Rush-Larsen [ns per cell and step]")
    show()


def measures() -> None:
    """Measures while running."""
    from measures import show  # in this process, as cells

    title("what watching costs on one core, the slab at 0.2 mm [ns per node and step]")
    show()


def beside(script: str, what: str, *words: object) -> None:
    """Another script of this folder on 1 and 2 ranks."""
    for ranks in (1, 2):
        title(f"{what}, {ranks} rank(s)")
        print(told(ranks, RANKS.with_name(script), *words), end="")


SECTIONS = {
    "memory": memory,
    "bytes": lambda: beside("memory.py", "bytes of each node", 4e5),
    "krylov": lambda: beside("krylov.py", "methods of the diffusion step", "0.2", 40),
    "cells": cells,
    "step": lambda: step("0.2", 40, 10),
    "fine": lambda: step("0.1", 15, 6),
    "loop": loop,
    "output": output,
    "measures": measures,
    "leads": leads,
    "setup": setup,
    "bidomain": bidomain,
    "eikonal": eikonal,
    "partition": partition,
    "partition_fine": lambda: partition("0.1"),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or [name for name in SECTIONS if name != "partition_fine"]:
        SECTIONS[name]()
