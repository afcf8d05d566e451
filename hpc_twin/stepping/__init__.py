"""Floor 1: operator splitting as tables, marching in time, pulses, and the clock of output. Knows no physics."""

from hpc_twin.stepping.clock import Clock
from hpc_twin.stepping.pulses import Pulses
from hpc_twin.stepping.splitting import GODUNOV, SPLITTINGS, STRANG, Operator, make_step, march

__all__ = ["GODUNOV", "SPLITTINGS", "STRANG", "Clock", "Operator", "Pulses", "make_step", "march"]
