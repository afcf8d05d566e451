"""What watches a run: physics does not see it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from hpc_twin.fem.memory import Memory
from hpc_twin.tissue.problem import Shown


class Observer(Protocol):
    """Sees every step, and knows something at the end.

    maps    static nodal maps of the tissue for result.exo: name -> (unit, long_name)
    fields  what it can add to the frames, by name, for ``output.fields``
    """

    maps: Mapping[str, tuple[str, str]]
    fields: Mapping[str, Shown]

    def see(self, step: int, t: float) -> None:
        """Called after every step, and once before the first with step 0; collective."""
        ...

    def values(self) -> Mapping[str, np.ndarray]:
        """The maps as they are known now, (n_owned,) each."""
        ...

    def memory(self) -> Memory:
        """What it must not forget between two steps, but for what is in its files; empty for who keeps nothing."""
        ...

    def flush(self) -> None:
        """Hand what it has written to the operating system, so that copies of its files can be gone on with;
        collective."""
        ...

    def close(self, complete: bool) -> int:
        """Close its files, if it has any, and return their bytes; collective. A second call does nothing."""
        ...
