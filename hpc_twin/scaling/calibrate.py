"""The measurements that a plan is made from: short runs of the case, kept in the cache by case and machine."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hpc_twin import __version__
from hpc_twin.case.load import LoadedCase
from hpc_twin.compiling import cache_folder
from hpc_twin.scaling.launch import LAUNCHER, Request, Sample, check_launcher, check_ranks, cores, measured
from hpc_twin.scaling.model import IN_LOOP
from hpc_twin.scaling.phases import Phases
from hpc_twin.scaling.sizes import ESTIMATED, LARGEST, Size, Sizes
from hpc_twin.texts import require_file

TINY, SMALL = 300, 8_000  # nodes of the first mesh and of the one that is followed, about
SHARE = 8  # of the nodes of the case's mesh are followed, at most
COLD, FOLLOWED, ALONE, BESIDE = 1.5, 10.0, 8.0, 6.0  # seconds of loops, at most
START = 25.0  # seconds that the largest mesh may take to start
NEAR = 1.3  # times as large may it be if it is the case's own
BUDGET = "a minute and a half at most"  # by all of the above, without what compiling and pacing take
ABOUT = 1.5  # times the nodes that a mesh is estimated to have: with more ranks than that nothing is measured
BUSY = 0.9  # of a core's time for a rank by itself: with less, others compute on this machine
MOST = 8  # ranks
OF_MODELS = ("cell models", "prepacing")  # parts of start-up that do not grow with the mesh
KEPT = "3"  # of what is kept: another is not read

Say = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """``samples`` of runs and ``sizes`` of their meshes (h against the case's own); ``full``: the case's own mesh."""

    samples: tuple[Sample, ...]
    sizes: tuple[float, ...]
    full: Size
    dimension: int

    @property
    def phases(self) -> Phases:
        """How the whole run differs from its begin."""
        return Phases(self.samples, self.sizes, self.full.h)


def calibrated(
    loaded: LoadedCase,
    overrides: Sequence[str],
    elements: int | None = None,
    again: bool = False,
    launcher: str = LAUNCHER,
    say: Say = lambda words: None,
    most: int = 1,
) -> Calibration:
    """From the cache, or measured now and kept; ``most``: ranks that will be asked for. Raises InputError, RunError."""
    require_file(Path(loaded.source))  # read again by every run
    path = _place(loaded, elements, launcher)
    if path.exists() and not again:
        say(f"measured before, on this machine ({path}); --again measures anew")
        return _read(path)
    found = _Probes(loaded, tuple(overrides), launcher, say).all(elements, most)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(found)))
    new.rename(path)
    return found


def kept(loaded: LoadedCase, elements: int | None = None, launcher: str = LAUNCHER) -> Calibration | None:
    """What ``calibrated`` has measured before, if it has."""
    path = _place(loaded, elements, launcher)
    return _read(path) if path.exists() else None


class _Probes:
    """The runs, one after the other; each is announced."""

    def __init__(self, loaded: LoadedCase, overrides: tuple[str, ...], launcher: str, say: Say):
        self._loaded, self._overrides, self._launcher, self._say = loaded, overrides, launcher, say
        self._begin, self._made = time.monotonic(), 0
        self._runs: list[tuple[Size, Sample]] = []

    def all(self, elements: int | None, most: int) -> Calibration:
        """Compile, follow the whole run on a small mesh, then measure its begin on a large one, on all cores too."""
        several = min(cores(), MOST)
        if several > 1:
            check_launcher(self._launcher)
        self._say(f"measuring short runs of this case here, {BUDGET} and kept for the next time")
        sizes = Sizes(self._loaded, self._overrides)
        tiny = sizes.near(TINY)
        coarse = sizes.near(min(SMALL, sizes.finer(tiny, LARGEST).nodes // SHARE))
        if elements is None:
            about = round(ABOUT * sizes.finer(coarse, float("inf")).nodes)
            check_ranks([most], about, "a few more than the mesh has nodes, and a rank needs one")
        self._run(tiny, 1, COLD, "compiles and paces the cell models", cold=True)
        followed = self._run(coarse, 1, FOLLOWED, "follows the whole run on a small mesh")
        fine = self._largest(sizes, coarse, followed)
        if fine.h != coarse.h:
            large = self._run(fine, 1, ALONE, "measures a large mesh")
            fine = replace(fine, nodes=large.nodes, elements=large.elements, how="measured")
        if several > 1:
            self._run(fine, several, BESIDE, "measures what ranks side by side cost")
        runs = [run for run in self._runs if not (run[1].cold and run[1].nodes == followed.nodes)]
        if min(sample.busy for _, sample in runs) < BUSY:
            self._say("other work runs on this machine: what was measured may be a tenth too slow, or more")
        hs, samples = tuple(size.h for size, _ in runs), tuple(sample for _, sample in runs)
        return Calibration(samples, hs, sizes.full(fine, coarse, elements), sizes.dimension)

    def _run(self, size: Size, ranks: int, seconds: float, words: str, cold: bool = False) -> Sample:
        self._made += 1
        on = "1 rank" if ranks == 1 else f"{ranks} ranks"
        about = "about " if size.how == ESTIMATED else ""
        self._say(
            f"[{time.monotonic() - self._begin:3.0f} s] run {self._made}: {about}{size.nodes:,} nodes on {on} {words}"
        )
        request = Request(self._loaded.source, (*self._overrides, *size.overrides), ranks, None, seconds)
        sample = measured(request, self._launcher, cold)
        self._runs.append((size, sample))
        return sample

    def _largest(self, sizes: Sizes, coarse: Size, sample: Sample) -> Size:
        """As large as its start takes START seconds, if the start grows as the mesh does."""
        start = sum(value for name, value in sample.seconds.items() if name not in (*IN_LOOP, *OF_MODELS))
        nodes = min(LARGEST, sample.nodes * START / max(start, 0.1))
        own = sizes.finer(coarse, LARGEST)
        if own.h == 1 and own.nodes <= NEAR * nodes:
            return own
        return sizes.finer(coarse, nodes) if nodes > coarse.nodes else coarse


def _place(loaded: LoadedCase, elements: int | None, launcher: str) -> Path:
    return cache_folder() / "plans" / f"{_key(loaded, elements, launcher)}.json"


def _key(loaded: LoadedCase, elements: int | None, launcher: str) -> str:
    """Digest of case, program and machine."""
    cpu = Path("/proc/cpuinfo")
    model = [line for line in cpu.read_text().splitlines() if line.startswith("model name")][:1] if cpu.exists() else []
    machine = (platform.node(), platform.machine(), str(model), str(cores()), launcher)
    words = "\n".join((loaded.text, str(loaded.folder.resolve()), __version__, KEPT, str(elements), *machine))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _read(path: Path) -> Calibration:
    data = json.loads(path.read_text())
    full = Size(**{**data["full"], "overrides": tuple(data["full"]["overrides"])})
    return Calibration(tuple(map(Sample.of, data["samples"])), tuple(data["sizes"]), full, data["dimension"])
