"""What a user asks of SLURM, checked, as the #SBATCH lines of a script."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpc_twin.parallel import InputError
from hpc_twin.units import parse

TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
MOST = 10_000_000
WORD = re.compile(r"[A-Za-z0-9_][\w.,:@%+=/*\[\]&|-]*", re.ASCII)  # of an account, a queue, a name, an address
OPTION = re.compile(r"--[a-z][a-z-]*(=[\w.,:@%+=/*\[\]&|()-]+)?", re.ASCII)
OURS = set("array chdir dependency error input open-mode output parsable requeue signal wait wrap".split())
OTHERS = {"account": "--account", "job-name": "--name", "mail-user": "--mail", "nodes": "--nodes", "ntasks": "--ranks",
          "partition": "--partition", "time": "--time"}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """ranks on nodes (None: SLURM decides) for time [s]; warning [s]: so long before its end the run is told.

    options are further words for sbatch, such as ``--qos=debug``.
    """

    ranks: int
    time: int
    nodes: int | None = None
    warning: int | None = None
    account: str = ""
    partition: str = ""
    name: str = "hpc_twin"
    mail: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self):
        for key, value in (("ranks", self.ranks), ("nodes", self.nodes), ("warning", self.warning)):
            if value is not None and not 1 <= value <= MOST:
                raise InputError(f"--{key}: found {value}, it must be at least 1, and {MOST:,} at most")
        if self.nodes is not None and self.nodes > self.ranks:
            raise InputError(f"--nodes: found {self.nodes}, more than the {self.ranks} ranks")
        if self.warning is not None and self.warning >= self.time:
            raise InputError(f"--warning: found {self.warning} s, it must be shorter than --time ({self.time} s)")
        for key in ("account", "partition", "name", "mail"):
            value = getattr(self, key)
            if value and not WORD.fullmatch(value):
                raise InputError(f"--{key}: found {value!r}, allowed are letters, digits and . _ - , : @ + =")
        for option in self.options:
            _check_option(option)

    def lines(self, out: Path, tasks: int | None = None) -> Iterator[str]:
        """The words of the #SBATCH lines of a run in ``out``, or of an array of ``tasks`` in out/0, out/1 ..."""
        yield f"--job-name={self.name}"
        yield f"--ntasks={self.ranks}"
        yield f"--time={slurm_time(self.time)}"
        yield f"--signal=B:USR1@{self.warning or default_warning(self.time)}"
        yield "--requeue"
        yield "--open-mode=append"
        yield f"--output={quoted(out, 'slurm-%j.log' if tasks is None else '%a/slurm-%A_%a.log')}"
        if tasks is not None:
            yield f"--array=0-{tasks - 1}"
        for key, value in (("nodes", self.nodes), ("account", self.account), ("partition", self.partition)):
            if value:
                yield f"--{key}={value}"
        if self.mail:
            yield f"--mail-user={self.mail}"
            yield "--mail-type=END,FAIL"
        yield from self.options


def seconds(text: str) -> int:
    """Wall time [s] from ``4:00:00``, ``1-12``, ``90`` (minutes) as SLURM reads them, or ``4 h``.

    Raises InputError.
    """
    if re.search("[A-Za-z]", text):
        try:
            found = parse(text, "time") / 1000
        except InputError as error:
            raise InputError(f"--time: {error}; or hours:minutes:seconds") from None
    else:
        match = TIME.fullmatch(text.strip())
        found = _read(*match.groups()) if match else 0
    if not 60 <= found <= 366 * 86400:
        raise InputError(f"--time: found '{text}', write hours:minutes:seconds, at least 0:01:00, or '4 h'")
    return -int(-found // 60) * 60


def _read(days: str | None, first: str, second: str | None, third: str | None) -> int:
    """SLURM: minutes, minutes:seconds, hours:minutes:seconds; with days: days-hours:minutes:seconds."""
    if days is None and third is None:
        return 60 * int(first) + int(second or 0)
    return int(days or 0) * 86400 + 3600 * int(first) + 60 * int(second or 0) + int(third or 0)


def job_name(folder: Path) -> str:
    """A name for the job of the run in ``folder``: the folder's, in letters, digits and ``_ . -``."""
    return re.sub(r"[^\w.-]+", "_", folder.name, flags=re.ASCII).strip("_.-") or "hpc_twin"


def slurm_time(time: int) -> str:
    """``1-02:30:00`` of seconds."""
    days, rest = divmod(time, 86400)
    words = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}-{words}" if days else words


def default_warning(time: int) -> int:
    """A tenth of the wall time, half a minute to five minutes; SLURM may send it up to a minute earlier."""
    return min(max(time // 10, 30), 300)


def quoted(folder: Path, pattern: str) -> str:
    """``folder``/``pattern`` as sbatch reads it in a script: % of the folder as itself, in quotes.

    Raises InputError for a folder with a backslash: sbatch replaces no %j in a path that has one.
    """
    if "\\" in str(folder):
        raise InputError(f"--out: found {folder}, SLURM writes no log to a folder with a backslash in its name")
    return '"' + str(folder).replace("%", "%%").replace('"', r"\"") + f'/{pattern}"'


def _check_option(option: str) -> None:
    if not OPTION.fullmatch(option):
        raise InputError(f"--option: found {option!r}, write one of sbatch's, as --option --qos=debug")
    name = option[2:].split("=")[0]
    if name in OTHERS:
        raise InputError(f"--option: found {option!r}, that is what {OTHERS[name]} is for")
    if name in OURS:
        raise InputError(f"--option: found {option!r}, which the script needs as it is")
