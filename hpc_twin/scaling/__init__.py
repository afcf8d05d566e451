"""Floor 4: what a run takes, measured on this machine, modelled, and predicted for others: verbs plan and scale."""

from hpc_twin.scaling.calibrate import calibrated, kept
from hpc_twin.scaling.launch import check_ranks, cores
from hpc_twin.scaling.networks import chosen, read_networks
from hpc_twin.scaling.plan import planned
from hpc_twin.scaling.scale import scaled

__all__ = ["calibrated", "check_ranks", "chosen", "cores", "kept", "planned", "read_networks", "scaled"]
