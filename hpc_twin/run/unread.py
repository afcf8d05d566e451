"""Saying aloud which keys of a case its model leaves aside."""

from hpc_twin.case import Case
from hpc_twin.case.unread import unread
from hpc_twin.parallel import say, warn
from hpc_twin.run.velocities import by_cells


def tell_unread(case: Case, comm) -> None:
    """What a case says, perhaps for another model, and this one does not look at; a bath beside V in a warning."""
    model, keys = case.tissue.model, unread(case)
    baths = [key for key in keys if key.startswith("bath.") and model != "eikonal"]
    others = ", ".join(key for key in keys if key not in baths)
    if others:
        say(comm, f'without effect for tissue.model = "{model}": {others}')
    if baths:
        warn(
            comm,
            f'{", ".join(baths)}: not read, tissue.model = "{model}" knows no current outside the cells; "bidomain", '
            '"pseudo_bidomain" and [ecg] with method = "lead_field" do (tissue.without leaves a region out)',
        )
    if model == "eikonal" and not by_cells(case):
        say(comm, "the velocities are given: cells and conductivities are not looked at")
