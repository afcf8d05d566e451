"""The measurements that a plan is made from: short runs of the case, kept in the cache by case and machine."""

import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hpc_twin import __version__
from hpc_twin.case.load import LoadedCase
from hpc_twin.compiling import cache_folder
from hpc_twin.scaling.iterations import Growth
from hpc_twin.scaling.launch import LAUNCHER, Request, Sample, cores, measured
from hpc_twin.scaling.sizes import LARGEST, Size, Sizes

SHORT, WORK = 100, 3e6  # steps of short runs, at least, and nodes times steps on the larger mesh
SMALL = 8_000  # nodes of the smaller mesh, at most
SECONDS = 12.0  # of the run that follows iterations, on the larger mesh if that is enough to its end
BUSY = 0.9  # of a core's time for a rank by itself: with less, others compute on this machine
TWICE = 2  # each short run; the faster one counts, since other work on the machine makes runs slower and never faster


@dataclass(frozen=True)
class Calibration:
    """``samples``: those of all short runs, then the longer one; ``full``: size of the case's own mesh."""

    samples: tuple[Sample, ...]
    sizes: tuple[float, ...]  # h of each, against the case's own
    full: Size
    dimension: int
    simulated: float  # ms of the longer run

    def iterations(self) -> tuple[float, str]:
        """Per step, of the whole run on the case's own mesh, and how they were found: by a longer run."""
        *short, longer = self.samples
        growth = Growth.through([(h, s.iterations) for h, s in zip(self.sizes, short, strict=False)])
        ratio = growth.ratio(self.sizes[-1], self.full.h)
        words = "" if ratio == 1 else f", {ratio:.2f} times as many on the mesh of the case ({growth.known})"
        return longer.iterations * ratio, (
            f"{longer.iterations:.2f} in {self.simulated:g} ms on {longer.nodes:,} nodes{words}"
        )


def calibrated(
    loaded: LoadedCase,
    overrides: Sequence[str],
    elements: int | None = None,
    again: bool = False,
    launcher: str = LAUNCHER,
    say: Callable[[str], None] = lambda words: None,
) -> Calibration:
    """From the cache, or measured now (half a minute and more) and kept. Raises InputError, RunError."""
    path = cache_folder() / "plans" / f"{_key(loaded, elements, launcher)}.json"
    if path.exists() and not again:
        say(f"calibration of this case on this machine from {path}")
        return _read(path)
    found = _measured(loaded, tuple(overrides), elements, launcher, say)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(found)))
    new.rename(path)
    return found


def _measured(loaded, overrides, elements, launcher, say) -> Calibration:
    sizes = Sizes(loaded, overrides)
    fine = sizes.near(LARGEST)
    coarse = sizes.near(min(SMALL, fine.nodes // 8))
    tissue = loaded.case.tissue
    steps = max(SHORT, round(WORK / fine.nodes))
    until = None if tissue.model == "eikonal" else min(steps * tissue.dt, tissue.until)
    several = min(cores(), 8)
    runs = {(coarse, 1): None, (fine, 1): None, (fine, several): None}
    best: dict[tuple[Size, int], Sample] = {}
    say("a first run compiles and paces the models")
    measured(Request(loaded.source, (*overrides, *coarse.overrides), 1, until), launcher)
    for turn in range(TWICE):
        for size, ranks in runs:
            say(f"measuring {size.nodes:,} nodes on {ranks} rank(s), {turn + 1} of {TWICE}")
            request = Request(loaded.source, (*overrides, *size.overrides), ranks, until)
            best[size, ranks] = faster(best.get((size, ranks)), measured(request, launcher))
    samples, hs, longer = list(best.values()), [size.h for size, _ in best], tissue.until
    if min(s.busy for s in samples if s.ranks == 1) < BUSY:
        say("other work runs on this machine: what is measured now may be a tenth too slow, and more on several ranks")
    if until is not None:
        size, longer = _followed(coarse, fine, best, several, tissue)
        say(f"following iterations for {longer:g} ms on {size.nodes:,} nodes, {several} rank(s)")
        samples.append(measured(Request(loaded.source, (*overrides, *size.overrides), several, longer), launcher))
        hs.append(size.h)
    return Calibration(tuple(samples), tuple(hs), sizes.full(elements), sizes.dimension, longer)


def _followed(coarse: Size, fine: Size, best: dict, several: int, tissue) -> tuple[Size, float]:
    """Mesh and end [ms] of the run that follows iterations for SECONDS at most."""
    steps = round(tissue.until / tissue.dt)
    sample = best[fine, several]
    if steps * sample.loop / sample.steps <= SECONDS:
        return fine, tissue.until
    sample = best[coarse, 1]
    affordable = round(SECONDS * sample.steps / sample.loop)
    return coarse, min(steps, max(affordable, sample.steps)) * tissue.dt


def faster(one: Sample | None, other: Sample) -> Sample:
    """Of two runs of the same, the one that had more of its cores, or the faster where both had them."""
    return other if one is None else max(one, other, key=lambda sample: (round(sample.busy, 1), -sample.loop))


def _key(loaded: LoadedCase, elements: int | None, launcher: str) -> str:
    """Digest of case, program and machine."""
    cpu = Path("/proc/cpuinfo")
    model = [line for line in cpu.read_text().splitlines() if line.startswith("model name")][:1] if cpu.exists() else []
    machine = (platform.node(), platform.machine(), str(model), str(cores()), launcher)
    words = "\n".join((loaded.text, str(loaded.folder.resolve()), __version__, str(elements), *machine))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _read(path: Path) -> Calibration:
    data = json.loads(path.read_text())
    samples = tuple(Sample(**{**s, "memory": tuple(s["memory"])}) for s in data["samples"])
    full = Size(**{**data["full"], "overrides": tuple(data["full"]["overrides"])})
    return Calibration(samples, tuple(data["sizes"]), full, data["dimension"], data["simulated"])
