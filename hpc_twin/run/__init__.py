"""Floor 3: one case: build the parts, march, record. The only package that sees all of them."""

from hpc_twin.run.plan import plan
from hpc_twin.run.restart import HandedOverError, StoppedError, begun, finished, read_run, tidy
from hpc_twin.run.simulate import simulate

__all__ = ["HandedOverError", "StoppedError", "begun", "finished", "plan", "read_run", "simulate", "tidy"]
