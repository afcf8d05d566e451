"""``hpc-twin cell MODEL``: what a model does in one cell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.singlecell.experiment import Experiment

PICTURE = Path("cell.png")
LONGEST_PACING = 1000  # beats, where --until-steady ends it

Models = Annotated[
    list[str], typer.Argument(help="Names of the library, or .mmt, .cellml and SBML files.", metavar="MODEL...")
]
Period = Annotated[str, typer.Option(help='From beat to beat. [default: the model\'s own, or "1000 ms"]')]
Beats = Annotated[int | None, typer.Option(min=1, help="How many. [default: 10, or 1000 with --until-steady]")]
Duration = Annotated[str, typer.Option(help='Of the stimulus. [default: the model\'s own, or "1 ms"]')]
Strength = Annotated[
    float | None,
    typer.Option(help="Of the stimulus in mV/ms, 0 for none. [default: the model's own, or twice the threshold]"),
]
Dt = Annotated[str, typer.Option(help="Time step.")]
Scheme = Annotated[str, typer.Option(help="How each state is stepped: hpc-twin models show MODEL tells.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter: ikr.g=0.5x, or a value in its own unit."),
]
UntilSteady = Annotated[
    float | None, typer.Option(metavar="CHANGE", help="Stop when no state changes more from beat to beat, as 1e-4.")
]
Initial = Annotated[Path | None, typer.Option(help="Begin with a state that --save wrote.")]
Save = Annotated[Path | None, typer.Option(help="Write the last state, for --initial and for cases.")]
Plot = Annotated[bool, typer.Option("--plot", help=f"Draw the last beat to {PICTURE}.")]
Picture = Annotated[Path | None, typer.Option(help="Draw the last beat to this file.")]
Out = Annotated[Path | None, typer.Option(help="Write the traces of the last beats (netCDF).")]
Variables = Annotated[
    str, typer.Option(help="What --out holds, as V,calcium.cai. [default: V and all states that all models have]")
]
Reference = Annotated[bool, typer.Option("--reference", help="Compare with CVODE at tight tolerances.")]
FixLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--fix-labels",
        metavar="v=NAME",
        help="Say which variable is v (membrane potential), time, stimulus, calcium or force, where guessed wrong.",
    ),
]


def cell(
    models: Models,
    period: Period = "",
    beats: Beats = None,
    duration: Duration = "",
    strength: Strength = None,
    dt: Dt = "0.02 ms",
    scheme: Scheme = "auto",
    settings: Set = None,
    until_steady: UntilSteady = None,
    initial: Initial = None,
    save: Save = None,
    plot: Plot = False,
    picture: Picture = None,
    out: Out = None,
    variables: Variables = "",
    reference: Reference = False,
    fix_labels: FixLabels = None,
) -> int:
    """Pace one cell and tell its action potential and calcium; several MODELs are drawn into one picture.

    Example: hpc-twin cell tentusscher_2006_epi --period "500 ms" --beats 50 --set ikr.g=0.5x --plot

    Example: hpc-twin cell my.cellml --until-steady 1e-4 --save steady.nc
    """
    from hpc_twin.cli.cell_work import Wishes, work
    from hpc_twin.parallel import on_root, world
    from hpc_twin.singlecell.experiment import Experiment

    def experiment(model: str) -> "Experiment":
        from hpc_twin.cli.cell_work import changes, chosen_labels, milliseconds

        return Experiment(
            model=model,
            parameters=changes(settings or []),
            labels=chosen_labels(fix_labels or []),
            scheme=scheme,
            dt=milliseconds(dt, "--dt"),
            period=milliseconds(period, "--period") if period else None,
            beats=beats or (LONGEST_PACING if until_steady else 10),
            duration=milliseconds(duration, "--duration") if duration else None,
            strength=strength,
            until_steady=until_steady,
        )

    wishes = Wishes(initial, save, picture or (PICTURE if plot else None), out, variables, reference)
    comm = world()
    code = on_root(comm, lambda: work([experiment(model) for model in models], wishes))
    return comm.bcast(code)
