"""Outcomes as tables for the terminal, as Markdown with a picture, and all of them as one report."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from rich.markup import escape
from rich.table import Table as Grid

from hpc_twin.verify import CHECKS
from hpc_twin.verify.outcome import Cell, Limit, Outcome, Table

DPI = 110
HEAD = ("what", "found", "allowed", "", "source")
PREFACE = """# Verification

What hpc-twin computes beside exact solutions, published benchmarks, and itself on other numbers of ranks. Made by
`make verify`: `hpc-twin verify NAME` makes one section anew, and exits with 1 when a figure lies outside what is
allowed. A dash means that nothing was found: not activated, or not published.
"""


def grids(outcome: Outcome) -> list[Grid]:
    """The tables and, last, the limits, for a terminal."""
    tables = [*outcome.tables, Table("against the limits", HEAD, [_row(limit) for limit in outcome.limits])]
    found = []
    for table in tables:
        grid = Grid(*map(escape, table.head), title=escape(table.title), title_justify="left")
        for row in table.rows:
            grid.add_row(*(escape(shown(cell)) for cell in row), style="bold red" if "OUTSIDE" in row else None)
        found.append(grid)
    return found


def markdown(name: str, outcome: Outcome, made: str) -> str:
    """The section of the report: title, text, picture, tables, limits; ``made`` says where, when and how fast."""
    limits = Table("", HEAD, [_row(limit) for limit in outcome.limits])
    parts = [f"## {name}: {outcome.title}", outcome.text.strip()]
    parts += [f"![{outcome.title}]({name}.png)"] if outcome.picture else []
    parts += ["\n\n".join(filter(None, (table.title, _pipes(table)))) for table in (*outcome.tables, limits)]
    return "\n\n".join([*parts, f"({made})"]) + "\n"


def write(name: str, outcome: Outcome, folder: Path, made: str) -> None:
    """NAME.md, NAME.png, and verification.md of all sections that ``folder`` holds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(markdown(name, outcome, made), encoding="utf-8")
    if outcome.picture:
        _draw(outcome, folder / f"{name}.png")
    sections = [path.read_text(encoding="utf-8") for path in _sections(folder)]
    (folder / "verification.md").write_text("\n".join([PREFACE, *sections]), encoding="utf-8")


def shown(cell: Cell) -> str:
    """A number with four digits, NaN as a dash, text as it is."""
    if isinstance(cell, str | int):
        return str(cell)
    return "-" if cell != cell else f"{cell:.4g}"


def _row(limit: Limit) -> tuple[Cell, ...]:
    unit = f" {limit.unit}" if limit.unit else ""
    allowed = f"{limit.low:.4g} to {limit.high:.4g}{unit}"
    return limit.name, f"{shown(limit.found)}{unit}", allowed, "ok" if limit.holds else "OUTSIDE", limit.source


def _pipes(table: Table) -> str:
    rows: Iterable = ([*map(shown, row)] for row in table.rows)
    lines = [table.head, ["---"] * len(table.head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sections(folder: Path) -> list[Path]:
    return [path for name in CHECKS if (path := folder / f"{name}.md").is_file()]


def _draw(outcome: Outcome, path: Path) -> None:
    """A page of 8 x 4.8 inches: small enough to stand in the documentation."""
    with warnings.catch_warnings():  # where there are two versions of it, of which 3-D is not needed
        warnings.filterwarnings("ignore", "Unable to import Axes3D")
        from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), dpi=DPI, layout="constrained", facecolor="white")
    assert outcome.picture is not None
    outcome.picture(figure)
    figure.savefig(path)
