"""Maps of activation, repolarisation and action potential duration."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.case import Case
from hpc_twin.stepping import Clock
from hpc_twin.tissue.measures import Activation, Repolarisation
from hpc_twin.tissue.problem import Problem, Shown

REPOLARISATION_EVERY = 0.5  # ms


class ActivationMaps:
    """An Observer: activation in every step, repolarisation each half millisecond."""

    fields: Mapping[str, Shown] = {}

    def __init__(self, case: Case, problem: Problem):
        share = case.output.repolarisation
        self._V, self._dt = problem.V.owned, case.tissue.dt
        self._looks = Clock.of(REPOLARISATION_EVERY, self._dt)
        self._activation = Activation(self._V, case.output.activation_threshold)
        self._repolarisation = Repolarisation(self._V, share)
        self._apd = f"APD{round(100 * share)}"
        self.maps: Mapping[str, tuple[str, str]] = {
            "activation": ("ms", "activation time: first upstroke through the threshold"),
            "repolarisation": ("ms", "repolarisation time"),
            self._apd: ("ms", "action potential duration: repolarisation - activation"),
        }

    def see(self, step: int, t: float) -> None:
        """Look at V."""
        if step:
            self._activation.update(self._V, t, self._dt)
            if self._looks.rings(step):
                self._repolarisation.update(self._V, self._activation, t, self._looks.every * self._dt)

    def values(self) -> dict[str, np.ndarray]:
        """NaN where it has not happened."""
        begin, end = self._activation.times, self._repolarisation.times
        return {"activation": begin, "repolarisation": end, self._apd: end - begin}

    def close(self, complete: bool) -> int:
        """No files."""
        return 0
