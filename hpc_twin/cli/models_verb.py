"""``hpc-twin models``: the library, what is in a model, and whether a file can be trusted."""

from typing import Annotated

import typer

from hpc_twin.cli.cell_verb import FixLabels, Set

models = typer.Typer(pretty_exceptions_enable=False)


@models.callback(invoke_without_command=True)
def table(ctx: typer.Context) -> None:
    """List the library of cell models, look into a model, check a file.

    Example: hpc-twin models

    Example: hpc-twin models show tentusscher_2006_epi
    """
    if ctx.invoked_subcommand is not None:
        return
    from hpc_twin.parallel import on_root, world

    def tell() -> None:
        from hpc_twin.cli.models_work import library_table

        library_table()

    on_root(world(), tell)


@models.command()
def show(
    model: Annotated[str, typer.Argument(help="A name of the library, or a .mmt, .cellml or SBML file.")],
    scheme: Annotated[str, typer.Option(help="Whose methods are told.")] = "auto",
    settings: Set = None,
    fix_labels: FixLabels = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell a model's states and how each is stepped, its parameters, labels, own stimulus, and what was guessed.

    Example: hpc-twin models show ohara_rudy_2011_endo --json
    """
    from hpc_twin.parallel import on_root, world

    def tell() -> None:
        from hpc_twin.cli.cell_work import changes, chosen_labels
        from hpc_twin.cli.models_work import show_model

        show_model(model, scheme, changes(settings or []), chosen_labels(fix_labels or []), as_json)

    on_root(world(), tell)


@models.command()
def check(
    file: Annotated[str, typer.Argument(help="A .mmt, .cellml or SBML file, or a name of the library.")],
    fix_labels: FixLabels = None,
    dt: Annotated[str, typer.Option(help="Time step of the run that is compared.")] = "0.02 ms",
    beats: Annotated[int, typer.Option(min=1, help="Beats of it.")] = 3,
) -> int:
    """Import a file, compile it, and compare a few beats with CVODE: exit code 0 when they agree, 2 when not.

    The schemes auto and auto2 are tried at --dt, then auto2 at a quarter of it.

    Example: hpc-twin models check my.cellml --fix-labels v=membrane.V
    """
    from hpc_twin.parallel import on_root, world

    def tell() -> int:
        from hpc_twin.cli.cell_work import chosen_labels, milliseconds
        from hpc_twin.cli.models_work import check_model

        return check_model(file, chosen_labels(fix_labels or []), milliseconds(dt, "--dt"), beats)

    comm = world()
    return comm.bcast(on_root(comm, tell))
