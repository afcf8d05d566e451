"""What submit refuses within two seconds, before a job is queued."""

import os
from collections import namedtuple

import pytest
from tools import CELLS, case_text, tissue_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError
from hpc_twin.slurm import look as module
from hpc_twin.slurm.look import look, room

TORSO = '[ecg]\nmethod = "lead_field"\n[ecg.electrodes]\nA = ["1 mm", "0 mm", "9 mm"]\n[ecg.torso]\n'
TORSO += 'file = "torso.vtu"\nconductivity = "0.2 S/m"\n'


def written(folder, **sections):
    (folder / "in.toml").write_text(case_text(**sections))
    return load_case(folder / "in.toml")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"mesh": '[mesh]\nfile = "heart.vtu"\n'}, "mesh.file: {}/heart.vtu: there is no such file"),
        ({"mesh": '[mesh]\nfile = "heart.vtu"\nsplit = "parts"\n'}, "mesh.split: {}/parts: there is"),
        ({"cells": '[cells]\nmodel = "own.mmt"\n'}, "cells.model: {}/own.mmt: there is no such file"),
        ({"cells": f'{CELLS}\ninitial = "paced.json"\n'}, "cells.initial: {}/paced.json: there is no such file"),
        ({"cells": '[cells]\nmodel = "tentuscher_2006_epi"\n'}, "cells: .*did you mean 'tentusscher_2006_epi'"),
        ({"cells": f'{CELLS}\nparameters = {{ "ikr.gkr" = "2x" }}\n'}, "cells: .*ikr.gkr"),
        ({"more": '[initial]\nstate = "state.nc"\n'}, "initial.state: {}/state.nc: there is no such file"),
        (
            {"more": TORSO, "tissue": tissue_text(2, intracellular=(0.1,), extracellular=(0.1,))},
            "ecg.torso.file: {}/torso.vtu: there is no such file",
        ),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, sections, message):
    with pytest.raises(InputError, match=message.format(tmp_path)):
        look(written(tmp_path, **sections))


def test_what_is_there_is_not_read(tmp_path):
    """Files whose name CARP knows by their ends, too."""
    (tmp_path / "heart.elem").touch()
    look(written(tmp_path, mesh='[mesh]\nfile = "heart"\n'))
    (tmp_path / "parts").mkdir()
    look(written(tmp_path, mesh='[mesh]\nfile = "gone.vtu"\nsplit = "parts"\n'))


def test_room(tmp_path, monkeypatch):
    found = os.statvfs(tmp_path)
    assert 0 < room(tmp_path / "not" / "there" / "yet") <= found.f_blocks * found.f_frsize
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda place: usage(1e9, 1e9, 3e6))
    with pytest.raises(InputError, match="out: the disk has 3 MB left: use another --out"):
        room(tmp_path / "out")
