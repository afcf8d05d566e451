"""Floor 4: the project's results beside exact solutions, published benchmarks, and itself on other rank counts.

A check is one module of this package, ``NAME.py`` with ``def check(session: Session) -> Outcome``, and one line below.
It computes on all ranks of ``session.comm`` together and imports nothing heavy before it is called.
"""

from collections.abc import Callable
from importlib import import_module

from hpc_twin.parallel import InputError, nearest
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table

__all__ = ["CHECKS", "Limit", "Outcome", "Session", "Table", "load"]

CHECKS = {
    "mms": "orders of convergence in space and time, by manufactured solutions",
    "cv": "conduction velocity of plane waves by edge length, time step and kind of element",
    "niederer2011": "activation of a slab, beside the codes of the N-version benchmark",
    "restitution": "APD and conduction velocity after ever shorter pauses, beside ten Tusscher & Panfilov 2006",
    "eikonal": "exact arrival times, and activation beside the monodomain equation",
    "ecg": "potentials at electrodes by lead fields, beside phi_e of a bidomain and closed formulas",
    "spiral": "period and tip path of spiral waves, beside another code's and a paper's",
    "ranks": "equal results on 1, 2 and 3 ranks, for every kind of element",
}


def load(name: str) -> Callable[[Session], Outcome]:
    """The check called ``name``. Raises InputError for another one."""
    if name not in CHECKS:
        raise InputError(f"verify: found '{name}'{nearest(name, CHECKS)} (allowed: {', '.join(CHECKS)}, all)")
    return import_module(f"hpc_twin.verify.{name}").check
