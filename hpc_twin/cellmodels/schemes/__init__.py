"""Time steps of one cell: what each state becomes after dt, by which method, and why."""

from hpc_twin.cellmodels.schemes.planning import SCHEMES, Plan, Scheme, plan
from hpc_twin.cellmodels.schemes.stages import Method

__all__ = ["SCHEMES", "Method", "Plan", "Scheme", "plan"]
