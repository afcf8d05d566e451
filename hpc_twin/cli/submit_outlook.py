"""What ``hpc-twin submit`` foretells: how long a job takes, in how many wall times, and whether the disk has room."""

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpc_twin.case.load import LoadedCase
    from hpc_twin.scaling.plan import Estimate
    from hpc_twin.slurm.request import Request

NETWORK = "infiniband-100g"  # that of hpc-twin plan where nobody names one


def outlook(loaded: "LoadedCase", request: "Request", runs: int, free: int) -> list[str]:
    """Lines for the user, by what ``hpc-twin plan`` has measured of this case on this machine, if it has.

    ``runs`` as this one write to a disk with ``free`` bytes. Raises InputError for more ranks than nodes of the mesh.
    """
    from hpc_twin.scaling import chosen, kept, planned, read_networks

    calibration = kept(loaded)
    if calibration is None:
        return [f"how long it takes: hpc-twin plan {_case(loaded)} --ranks {request.ranks} measures that, once"]
    (network,) = chosen(read_networks(None), [NETWORK])
    plan = planned(loaded, [request.ranks], network, calibration)
    return [wall_time(plan.estimates[0], request), *room_for(runs * plan.bytes, loaded.case.checkpoint.keep, free)]


def wall_time(estimate: "Estimate", request: "Request") -> str:
    """Whether --time is enough, and if not, how many jobs it takes."""
    from hpc_twin.slurm.request import default_warning, slurm_time

    until_warned = request.time - (request.warning or default_warning(request.time))
    start = sum(estimate.start_up.values())
    begin = f"by hpc-twin plan it takes about {slurm_time(ceil(estimate.total))} on {estimate.network.title}"
    asked = f"--time {slurm_time(request.time)}"
    if estimate.total <= until_warned:
        return f"{begin}: {asked} is enough"
    if start >= until_warned:
        return f"(!) {begin}, {start:.0f} s of it to start: in {asked} no job comes to its first step"
    jobs = ceil(estimate.loop / (until_warned - start))
    return f"(!) {begin}: {asked} is not enough, it will queue itself again, about {jobs} jobs in all"


def room_for(n_bytes: float, keep: int, free: int) -> list[str]:
    """A warning where results, and as much in each of ``keep`` + 1 checkpoints, may not find room."""
    wanted = n_bytes * (2 + keep)
    if wanted <= free:
        return []
    return [f"(!) results and their copies in checkpoints may need {wanted / 1e9:.3g} GB, {free / 1e9:.3g} GB are free"]


def _case(loaded: "LoadedCase") -> str:
    """The case with its --set, as typed: another one is measured anew."""
    import shlex
    from pathlib import Path

    from hpc_twin.cli.submit_verb import typed

    path = Path(loaded.source).absolute()
    words = [word for override in loaded.overrides for word in ("--set", override)]
    return " ".join([typed(path.parent if path.name == "case.toml" else path), *map(shlex.quote, words)])
