"""Operator splitting: a scheme is a table of (operator, fraction of the step)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Operator = Callable[[Any, float, float], None]  # (state, t, dt), in place
Table = Sequence[tuple[str, float]]

GODUNOV: Table = (("reaction", 1.0), ("diffusion", 1.0))
"""First order: Godunov, Mat. Sb. 47 (1959) 271."""

STRANG: Table = (("reaction", 0.5), ("diffusion", 1.0), ("reaction", 0.5))
"""Second order: Strang, SIAM J. Numer. Anal. 5 (1968) 506, eq. (6)."""

SPLITTINGS: Mapping[str, Table] = {"godunov": GODUNOV, "strang": STRANG}


def make_step(operators: Mapping[str, Operator], table: Table) -> Operator:
    """Compose flow maps: each operator starts at the time up to which it has itself been advanced."""
    starts: list[tuple[Operator, float, float]] = []
    done: dict[str, float] = {}
    for name, fraction in table:
        starts.append((operators[name], done.get(name, 0.0), fraction))
        done[name] = done.get(name, 0.0) + fraction

    def step(state: Any, t: float, dt: float) -> None:
        for operator, start, fraction in starts:
            operator(state, t + start * dt, fraction * dt)

    return step


def march(
    step: Operator, state: Any, dt: float, until: float, start: float = 0.0, done: int = 0
) -> Iterator[tuple[int, float]]:
    """Advance ``state`` and yield (number of the step, time reached); times are multiples of dt, free of drift.

    ``done``: steps since ``start`` that ``state`` has behind it.
    """
    for n in range(done, round((until - start) / dt)):
        step(state, start + n * dt, dt)
        yield n + 1, start + (n + 1) * dt
