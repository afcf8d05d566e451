"""SIGKILL at random moments, also while checkpoints and frames are written: nothing is lost, nothing is damaged.

HPC_TWIN_KILLS=50 for the long form (make kills).
"""

import os

from kills import killed, newest, whole, write_case
from restarts import contents, outputs

KILLS = int(os.environ.get("HPC_TWIN_KILLS", "4"))
SEED = int(os.environ.get("HPC_TWIN_SEED", "1"))


def test_killed_again_and_again(tmp_path):
    case = write_case(tmp_path)
    whole(case, tmp_path / "whole")
    for tally in killed(case, tmp_path / "out", KILLS, SEED):
        print(tally, flush=True)
        files = outputs(tmp_path / "whole")
        assert outputs(tmp_path / "out") == files
        assert {"ecg.nc", "result.exo", "singularities.nc", "traces.nc"} <= set(files)
        for file in files:
            assert contents(tmp_path / "out" / file) == contents(tmp_path / "whole" / file), file
        assert not list((tmp_path / "out").glob("*.part")) and newest(tmp_path / "out") is None
        for path in (tmp_path / "out").iterdir():
            if path.is_file():
                path.unlink()
    assert tally.kills == KILLS
