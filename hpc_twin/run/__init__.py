"""Floor 3: one case: build the parts, march, record. The only package that sees all of them."""

from hpc_twin.run.plan import plan
from hpc_twin.run.simulate import StoppedError, simulate

__all__ = ["StoppedError", "plan", "simulate"]
