"""status.json in the folder of a run: how far it is, for whoever looks from outside while it computes or afterwards."""

import contextlib
import json
import math
import os
import socket
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from hpc_twin.parallel import InputError
from hpc_twin.texts import read_json

NAME = "status.json"


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    state    "running", "done", "stopped" (on request: it can go on) or "failed"; message: why, of the last two
    t        simulated time, until its end, begin where this start of the run began [ms]
    seconds  wall time since it began; updated: seconds of the clock (Unix)
    job      of SLURM, as the script of the job sees it; host and pid are those of rank 0
    """

    state: str
    t: float
    until: float
    begin: float
    seconds: float
    updated: float
    ranks: int
    message: str = ""
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    job: str = field(default_factory=lambda: os.environ.get("SLURM_JOB_ID", ""))

    @property
    def pace(self) -> float:
        """Wall seconds for a simulated millisecond; 0 where nothing was computed yet."""
        return self.seconds / (self.t - self.begin) if self.t > self.begin else 0.0


def write_status(folder: Path, status: RunStatus) -> None:
    """Replace ``folder``/status.json at once; a disk that is full or gone is no reason for a run to end."""
    new = folder / f".{NAME}.{status.pid}"
    with contextlib.suppress(OSError):
        new.write_text(json.dumps(asdict(status), indent=1) + "\n", encoding="utf-8")
        os.replace(new, folder / NAME)


def read_status(folder: Path) -> RunStatus | None:
    """The status in ``folder``; None where there is none, or none that can be read."""
    try:
        found = read_json(folder / NAME)
        known = RunStatus(**{each.name: found[each.name] for each in fields(RunStatus)})
    except (InputError, OSError, LookupError, TypeError):
        return None
    return known if all(_fits(getattr(known, each.name), each.type) for each in fields(RunStatus)) else None


def _fits(value: object, kind: object) -> bool:
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)  # type: ignore[arg-type]
