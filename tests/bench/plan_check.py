"""``python tests/bench/plan_check.py [--twice] [CASE ...]``: what ``hpc-twin plan`` predicts beside what runs take.

For each case: the calibration, anew, and a run on each number of ranks, ``--twice`` another before it, of which the
medians count. Aim: 25 % for loop, total and memory. Times are those of the ranks' processors, on a free machine the
same as the clock's: CPU / wall is near 1 there; below 0.9 others computed too, and several ranks then also waited for
each other. A case that fails is told on stderr, and the others go on. Takes 10 minutes on an idle machine.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.parallel import TwinError
from hpc_twin.scaling import calibrated, cores, planned
from hpc_twin.scaling.launch import clean_environment

LONGEST = 600  # seconds of a run
JOBS = Path(__file__).parents[2] / "jobs"
COMMAND = [sys.executable, "-c", "from hpc_twin.cli.main import main; main()", "run"]
CASES = {
    "niederer at 0.1 mm": ("niederer", ('mesh.shape.h="0.1 mm"', 'tissue.until="10 ms"')),
    "niederer at 0.25 mm": ("niederer", ('mesh.shape.h="0.25 mm"', 'tissue.until="50 ms"')),
    "heartbeat": ("heartbeat", ('tissue.until="150 ms"',)),
    "defibrillation": ("defibrillation", ('tissue.until="60 ms"',)),
    "atria": ("atria", ('tissue.until="100 ms"',)),
}


@dataclass(frozen=True)
class Figures:
    """Seconds of the loop and of the whole command, MB of the largest rank, CPU time against that of the clock."""

    loop: float
    total: float
    memory: float
    share: float


def ran(job: str, overrides: tuple[str, ...], ranks: int) -> Figures:
    """A run as a user has it."""
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    sets = [word for override in overrides for word in ("--set", override)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        used, begin = _cpu(), time.time()
        subprocess.run(
            [*launcher, *COMMAND, JOBS / job, "--out", folder, *sets],
            env=clean_environment(),
            check=True,
            capture_output=True,
            timeout=LONGEST,
        )
        total, cpu = time.time() - begin, (_cpu() - used) / ranks
        with read_result(folder / "result.exo") as result:
            told = result.attributes
    share = min(1.0, cpu / total)
    return Figures(share * told["report_seconds_loop"], cpu, told["report_peak_memory_MB_per_rank"], share)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def check(title: str, rank_numbers: tuple[int, ...], twice: bool) -> list[float]:
    """Print a row for each number of ranks; ratios measured / predicted of loop, total and memory."""
    job, overrides = CASES[title]
    loaded, ratios = load_case(JOBS / job, overrides), []
    runs = {ranks: [ran(job, overrides, ranks)] if twice else [] for ranks in rank_numbers}
    begin = time.time()
    plan = planned(loaded, rank_numbers, None, calibrated(loaded, overrides, again=True, say=tell))
    tell(f"calibrated in {time.time() - begin:.0f} s")
    for ranks, estimate in zip(rank_numbers, plan.estimates, strict=True):
        tell(f"{title} as a whole on {ranks} rank(s): {estimate.total:.0f} s if the plan is right")
        runs[ranks].append(ran(job, overrides, ranks))
        loop, total, memory, share = (
            median(getattr(run, key) for run in runs[ranks]) for key in ("loop", "total", "memory", "share")
        )
        found = (loop / estimate.loop, total / estimate.total, memory / estimate.largest_memory)
        ratios += found
        print(
            f"| {title} | {plan.nodes:,} | {plan.steps:,} | {ranks} "
            f"| {estimate.loop:.1f} / {loop:.1f} | {found[0]:.2f} "
            f"| {estimate.total:.1f} / {total:.1f} | {found[1]:.2f} | {estimate.largest_memory:.0f} / {memory:.0f} "
            f"| {found[2]:.2f} | {share:.2f} |",
            flush=True,
        )
    return ratios


def tell(words: str) -> None:
    """Beside the table."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    """1 if a time or a memory is missed by more than 25 %, or a case fails."""
    os.environ.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
    print("| case | nodes | steps | ranks | loop: predicted / measured [s] | ratio | total [s] | ratio | memory [MB] "
          "| ratio | CPU / wall |\n|" + "---|" * 11)  # fmt: skip
    rank_numbers, ratios, failed = tuple(dict.fromkeys((1, min(2, cores())))), [], []
    for title in [word for word in words if word != "--twice"] or CASES:
        tell(title)
        try:
            ratios += check(title, rank_numbers, "--twice" in words)
        except (TwinError, subprocess.SubprocessError) as error:
            tell(f"{title} failed: {error}")
            failed.append(title)
    if ratios:
        worst = [max(ratio, 1 / ratio) for ratio in ratios]
        print(f"\nloop, total and memory: a factor of {median(worst):.2f} is typical, {max(worst):.2f} the worst "
              "(aims: 1.10 and 1.25)")  # fmt: skip
    return int(bool(failed) or max(worst) > 1.25)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
