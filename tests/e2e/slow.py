"""hpc-twin with a pause after every step, of as many seconds as the file SLOW says: a run that lasts, without work."""

import os
import time
from pathlib import Path

from hpc_twin.cli import main
from hpc_twin.run.report import Progress


def slowly(self, t: float, at=Progress.at) -> None:
    time.sleep(float(Path(os.environ["SLOW"]).read_text()))
    at(self, t)


Progress.at = slowly  # type: ignore[method-assign]
main.main()
