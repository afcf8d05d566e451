"""``hpc-twin doctor``: what this installation has, what it lacks, and the command that installs it."""

from dataclasses import dataclass

import typer


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table. ``remedy`` is the command, or the advice, when it is not ``good``."""

    what: str
    found: str
    good: bool = True
    required: bool = False
    remedy: str = ""

    @property
    def state(self) -> str:
        """OK, MISSING (hpc-twin does not work without) or no (works without)."""
        return "OK" if self.good else "MISSING" if self.required else "no"


def doctor() -> None:
    """Tell what is installed and what is missing, with the command that installs it.

    The exit code is 0 when all that is required is there, and 2 otherwise.

    Example: hpc-twin doctor
    """
    from hpc_twin.cli.doctor_libraries import libraries
    from hpc_twin.cli.doctor_machine import machine, programs

    findings = [*libraries(), *programs(), *machine()]
    print_table(findings)
    if any(finding.required and not finding.good for finding in findings):
        raise typer.Exit(2)


def print_table(findings: list[Finding]) -> None:
    """Print the table, and below it a remedy for each thing that is missing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"OK": "green", "MISSING": "bold red", "no": "yellow"}
    table = Table(show_header=False, box=None, pad_edge=False)
    for style in ("bold", "", ""):
        table.add_column(style=style, overflow="fold")
    for finding in findings:
        table.add_row(finding.what, Text(finding.state, colours[finding.state]), Text(finding.found))
    console = Console()
    console.print(table)
    for finding in findings:
        if not finding.good and finding.remedy:
            need = "needed" if finding.required else "optional"
            console.print(Text(f"{finding.what} ({need}): {finding.remedy}"), soft_wrap=True)
