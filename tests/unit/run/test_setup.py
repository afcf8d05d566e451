"""A dry run refuses what the run would refuse before its loop, and says which keys nobody reads."""

import pytest
from tools import CELLS, MESH, TISSUE, case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError, world
from hpc_twin.run import plan, simulate

BOTH = TISSUE.split("effective")[0] + 'intracellular = ["0.2 S/m"]\nextracellular = ["0.4 S/m"]\n'
BATH = """[[region]]
name = "bath"
box = { min = ["3 mm", "0 mm", "0 mm"], max = ["4 mm", "3 mm", "2 mm"] }
[bath.regions.bath]
conductivity = ["0.6 S/m"]
"""
NO_REGION = "no element has region 'scar'"
MONODOMAIN = "[tissue]\n"
REFUSED = {
    "stimulus": ({"stimulus": '[[stimulus]]\nregion = "scar"\n'}, rf"stimulus\.0 .*: {NO_REGION}"),
    "place": (
        {"stimulus": '[[stimulus]]\nsphere = { centre = ["9 mm", "0 mm", "0 mm"], radius = "1 mm" }\n'},
        "no node",
    ),
    "node set": ({"stimulus": '[[stimulus]]\nnode_set = "x9"\n'}, "no node set 'x9'.*the mesh has x0"),
    "conductivity": (
        {"more": '[tissue.conductivity.regions.scar]\neffective = ["0.1 S/m"]\n'},
        rf"tissue\.conductivity\.regions\.scar: {NO_REGION}",
    ),
    "cells": (
        {"cells": CELLS + '[cells.regions.scar]\nmodel = "luo_rudy_1991"\n'},
        rf"cells\.regions\.scar: {NO_REGION}",
    ),
    "without": (
        {"tissue": TISSUE.replace(MONODOMAIN, '[tissue]\nwithout = ["scar"]\n')},
        f"tissue.without 'scar': {NO_REGION}",
    ),
    "bath": ({"more": BATH.replace("regions.bath", "regions.scar")}, rf"bath\.regions\.scar: {NO_REGION}"),
    "region": (
        {"more": BATH.replace("3 mm", "5 mm").replace("4 mm", "6 mm")},
        r"region\.0 \('bath'\): holds no element",
    ),
    "sheets": (
        {"tissue": TISSUE.replace('"0.02 S/m"', '"0.02 S/m", "0.01 S/m"')},
        "found 3 values, but the mesh has no sheets",
    ),
    "solver": ({"more": "[solver.options]\nksp_typ = 'cg'\n"}, "solver.options: found ksp_typ"),
    "elliptic": (
        {
            "tissue": BOTH.replace(MONODOMAIN, '[tissue]\nmodel = "pseudo_bidomain"\n'),
            "more": "[bidomain.options]\npc_gamg_thresh = 0.1\n",
        },
        "bidomain.options: found pc_gamg_thresh",
    ),
    "eikonal": (
        {
            "tissue": TISSUE.replace(MONODOMAIN, '[tissue]\nmodel = "eikonal"\n'),
            "stimulus": '[[stimulus]]\nnode_set = "x9"\n',
        },
        "no node set 'x9'",
    ),
    "probe": (
        {"more": '[probes]\na = ["40 mm", "0 mm", "0 mm"]\n'},
        r"probes\.a: the nearest node is 36 mm away, at \([\d., ]+\) mm; the mesh reaches from .*unit",
    ),
    "electrode": (
        {"tissue": BOTH, "more": '[ecg.electrodes]\na = ["2 mm", "1 mm", "1 mm"]\n'},
        r"ecg\.electrodes\.a: lies inside the tissue",
    ),
    "lead field": (
        {"tissue": BOTH, "more": '[ecg]\nmethod = "lead_field"\n[ecg.electrodes]\na = ["2 mm", "1 mm", "40 mm"]\n'},
        r"ecg\.electrodes\.a: the nearest node is 38 mm away",
    ),
    "beginning": ({"more": '[initial]\nstate = "not_there.nc"\n'}, "initial.state: .*no such file"),
}


def load(folder, **sections):
    (folder / "case.toml").write_text(case_text(**sections))
    return load_case(folder / "case.toml")


@pytest.mark.parametrize("what", REFUSED)
def test_a_dry_run_refuses_what_the_run_refuses(tmp_path, what):
    sections, words = REFUSED[what]
    loaded = load(tmp_path, **sections)
    for tried in (lambda: plan(loaded, world()), lambda: simulate(loaded, tmp_path / "out", world())):
        with pytest.raises(InputError, match=words):
            tried()


def test_a_dry_run_of_what_fits_writes_nothing(tmp_path):
    rows = plan(load(tmp_path, more='[probes]\na = ["4 mm", "0 mm", "0 mm"]\n'), world())
    assert rows["mesh"] == "60 nodes, 144 elements"
    assert [path.name for path in tmp_path.iterdir()] == ["case.toml"]


def test_a_probe_beside_the_mesh_is_moved_to_it_and_told(tmp_path, capsys):
    mesh = MESH.replace('["4 mm", "3 mm", "2 mm"]', '["20 mm", "3 mm", "2 mm"]')
    plan(load(tmp_path, mesh=mesh, more='[probes]\na = ["24 mm", "0 mm", "0 mm"]\n'), world())
    assert "probes.a: the nearest node is 4 mm away" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "tissue", "told"),
    [
        (BATH, BOTH, True),
        (BATH + '[ecg.electrodes]\na = ["2 mm", "1 mm", "9 mm"]\n', BOTH, True),
        (BATH + '[ecg]\nmethod = "lead_field"\n[ecg.electrodes]\na = ["2 mm", "1 mm", "2 mm"]\n', BOTH, False),
        (BATH, BOTH.replace(MONODOMAIN, '[tissue]\nmodel = "pseudo_bidomain"\n'), False),
    ],
)
def test_a_bath_that_no_equation_reads_is_told(tmp_path, capsys, more, tissue, told):
    plan(load(tmp_path, tissue=tissue, more=more), world())
    words = 'bath.regions.bath.conductivity: not read, tissue.model = "monodomain"'
    assert (words in capsys.readouterr().err) == told
