"""hpc-twin with a pause of SLOW seconds after every step: a run that lasts, so that SLURM can end it, without work."""

import os
import time

from hpc_twin.cli import main
from hpc_twin.run.report import Progress


def slowly(self, t: float, at=Progress.at) -> None:
    time.sleep(float(os.environ["SLOW"]))
    at(self, t)


Progress.at = slowly  # type: ignore[method-assign]
main.main()
