"""Runs of the bidomain from a case: what it writes, and what it says when a solver fails."""

import numpy as np
import pytest
from tools import CELLS, box_text, case_text, mesh_text, tissue_text

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import InputError, RunError, world
from hpc_twin.run import simulate

BATH = '[bath.regions.bath]\nconductivity = ["0.8 S/m"]\n'
CASE = case_text(
    mesh_text("sheet", (6, 3), 0.5),
    CELLS,
    tissue_text(4, 'model = "MODEL"\n', intracellular=(0.2, 0.05), extracellular=(0.4, 0.3)),
    "[[stimulus]]\n" + box_text((0, 0, 0), (1, 3, 0)) + 'strength = "100000 uA/cm^3"\n',
    '[[region]]\nname = "bath"\n' + box_text((4, 0, 0), (6, 3, 0)) + BATH,
)
SEEN = """
[probes]
tissue = ["1 mm", "1 mm", "0 mm"]
bath = ["5 mm", "1 mm", "0 mm"]
[output]
every = "2 ms"
fields = ["V", "phi_e"]
"""


def ran(folder, model="bidomain", more=""):
    folder.mkdir(exist_ok=True)
    path = folder / "case.toml"
    path.write_text(CASE.replace("MODEL", model) + SEEN + more)
    simulate(load_case(path), folder / "out", world(), overwrite=True)
    return folder / "out"


def phi_e(folder, frame: int) -> np.ndarray:
    with read_result(folder / "result.exo") as result:
        return result.frame(frame, "phi_e")


def test_probes_hold_electrograms(tmp_path):
    """An approaching wave makes the bath positive, by the millivolts that electrograms have."""
    traces = read_traces(ran(tmp_path) / "traces.nc")
    V, outside = traces.values["V"], traces.values["phi_e"]
    assert np.isfinite(V[:, 0]).all() and np.isnan(V[:, 1]).all() and np.isfinite(outside).all()
    assert 1 < outside[-1, 1] < 50 and outside[-1, 0] < 0


def test_recovered_potential_is_near_the_bidomains(tmp_path):
    """A plane wave along the fibre: the monodomain of the harmonic mean is the bidomain, but for the bath's end."""
    both, recovered = (phi_e(ran(tmp_path, model), 1) for model in ("bidomain", "pseudo_bidomain"))
    assert np.ptp(both) > 10 and np.abs(both - recovered).max() < 0.1 * np.ptp(both)


def test_a_solver_that_fails_names_its_system_and_what_to_try(tmp_path):
    with pytest.raises(RunError, match=r"solver 'elliptic' \(cg \+ gamg\) stopped after 1 iterations: .* try pc_type"):
        ran(tmp_path, more="[bidomain.options]\nksp_max_it = 1\n")


def test_options_that_nobody_knows_are_refused_by_their_key(tmp_path):
    with pytest.raises(InputError, match=r"bidomain.options: found pc_gamg_thresh"):
        ran(tmp_path, more="[bidomain.options]\npc_gamg_thresh = 0.1\n")


def test_nothing_to_conduct(tmp_path):
    more = '[[electrode]]\nkind = "ground"\nnode_set = "x1"\n'
    path = tmp_path / "case.toml"
    text = CASE.replace("MODEL", "bidomain").replace(BATH, "")
    path.write_text(text.replace('until = "4 ms"', 'until = "4 ms"\nwithout = ["bath"]') + more)
    with pytest.raises(InputError, match=r"electrode.0 .* nothing conducts there"):
        simulate(load_case(path), tmp_path / "out", world())


def test_what_suffices_for_phi_e_does_not_end_the_solve_of_V(tmp_path):
    """bidomain.rtol alone may be loose: the block's V has solver.tolerance all the same."""
    usual, loose = (
        read_traces(ran(tmp_path / name, more=more) / "traces.nc").values["V"][:, 0]
        for name, more in (("usual", ""), ("loose", "[bidomain]\nrtol = 0.05\n"))
    )
    assert np.ptp(usual) > 50 and np.array_equal(usual, loose)


@pytest.mark.parametrize("solve", ["block", "decoupled"])
def test_rtol_is_the_error_of_phi_e(tmp_path, solve):
    """Of frames' phi_e against one that is solved far: a looser one errs more, and within what was asked for."""
    exact, usual, loose = (
        phi_e(ran(tmp_path / str(rtol), more=f'[bidomain]\nsolve = "{solve}"\nrtol = {rtol}\n'), 1)
        for rtol in (1e-12, 1e-5, 3e-2)
    )
    errors = [np.abs(found - exact).max() / np.ptp(exact) for found in (usual, loose)]
    assert errors[0] < 1e-4 and 10 * errors[0] < errors[1] < 0.1
