"""``hpc-twin gather``: one table of many runs."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.slurm.gather import Row

MAPS, ECG = ("activation max", "APD"), ("ECG QRS", "ECG QT")  # what is printed; maps by how their names begin


def gather(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or of arrays.", metavar="RUN")],
    out: Annotated[
        Path | None, typer.Option(help="The .csv to write; by default gathered.csv in the first RUN")
    ] = None,
) -> None:
    """Gather the measures of many runs in one table: activation, APD, the intervals of the ECG.

    All extremes and means of all maps go to the .csv; the main ones are printed.

    Example: hpc-twin gather results/drug-on-tissue
    """
    from hpc_twin.slurm.gather import columns, gathered

    rows = gathered(runs)
    path = out or runs[0] / "gathered.csv"
    _write(path, columns(rows), rows)
    _print(rows)
    print(f"all measures are in {path}")


def _write(path: Path, names: Sequence[str], rows: "Sequence[Row]") -> None:
    from hpc_twin.parallel import InputError

    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"--out: cannot write {path} ({error.strerror})") from None


def _print(rows: "Sequence[Row]") -> None:
    from rich.console import Console
    from rich.table import Table

    from hpc_twin.slurm.gather import columns

    names = [name for name in columns(rows) if _is_shown(name)]
    table = Table(*(_short(name) for name in names), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_words(row.get(name, "")) for name in names))
    Console(width=None if Console().is_terminal else 140, markup=False).print(table)


def _is_shown(name: str) -> bool:
    """What was varied, and the main measures."""
    is_measure = name.startswith("ECG ") or any(f" {word} " in f"{name} " for word in ("min", "mean", "max"))
    return (name in ECG or name.startswith(MAPS)) if is_measure else name != "until ms"


def _short(name: str) -> str:
    """The last part of a key: ``cells.parameters."ikr.g"`` is ``ikr.g``."""
    quoted, plain = re.fullmatch(r'.*\."([^"]*)"|(?:[\w-]+\.)*(.*)', name).groups()  # type: ignore[union-attr]
    return quoted or plain or name


def _words(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
