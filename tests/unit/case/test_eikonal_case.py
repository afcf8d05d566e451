"""Keys of the eikonal models, and what does not fit them."""

import pytest
from tools import STIMULUS, case_text

from hpc_twin.case import load_case
from hpc_twin.case.unread import unread
from hpc_twin.parallel import InputError


def case(tmp_path, *overrides: str, stimulus: str = STIMULUS):
    path = tmp_path / "case.toml"
    path.write_text(case_text(stimulus=stimulus))
    return load_case(path, overrides).case


def test_velocities_have_units_and_regions(tmp_path):
    tissue = case(
        tmp_path, "tissue.model=eikonal", 'tissue.velocity.values=["0.6 m/s", "30 cm/s"]',
        'tissue.velocity.regions.scar.values=["0.1 mm/ms"]',
    ).tissue  # fmt: skip
    assert tissue.velocity.values == pytest.approx((0.6, 0.3))
    assert tissue.velocity.regions["scar"].values == (0.1,)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["tissue.model=monodomain", 'tissue.velocity.values=["0.6 mm/ms"]'], "tissue.velocity belongs to"),
        (["tissue.model=eikonal", "tissue.foot.diffusion=true"], "tissue.foot belongs to"),
        (["tissue.model=eikonal", "tissue.order=2"], "tissue.order: "),
        (["tissue.model=reaction_eikonal", "tissue.order=2"], "tissue.order: "),
        (["tissue.model=eikonal", 'tissue.velocity.values=["0 mm/ms"]'], "must be greater than 0"),
        (["tissue.model=eikonal", 'tissue.velocity.values=["0.6 S/m"]'], "not a velocity"),
        (["tissue.model=eikonal", 'tissue.velocity.values=["1 m/s","1 m/s","1 m/s","1 m/s"]'], "found 4 velocities"),
        (["tissue.model=eikonal", "tissue.velocity={}"], "give values, regions, or both"),
        (["tissue.model=eikonal", 'tissue.velocity.value=["0.6 mm/ms"]'], "did you mean 'values'"),
        (["tissue.model=reaction_eikonal", 'tissue.foot.shape="wave"'], "needs diffusion = false"),
        (["tissue.model=reaction_eikonal", 'tissue.foot={diffusion=false,duration="1 ms"}'], 'to shape = "pulse"'),
        (["tissue.model=reaction_eikonal", 'tissue.foot.strength="-3 uA/mm^3"'], "greater than 0 to depolarise"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path, overrides, words):
    with pytest.raises(InputError, match=words):
        case(tmp_path, *overrides)


@pytest.mark.parametrize("model", ["eikonal", "reaction_eikonal"])
def test_a_wave_begins_somewhere(tmp_path, model):
    with pytest.raises(InputError, match="needs a stimulus"):
        case(tmp_path, f"tissue.model={model}", stimulus="")


def test_foot_by_default_does_not_count_neighbours_twice(tmp_path):
    coupled = case(tmp_path, "tissue.model=reaction_eikonal", "tissue.foot.diffusion=true").tissue.foot
    alone = case(tmp_path, "tissue.model=reaction_eikonal", "tissue.foot.diffusion=false").tissue.foot
    assert (coupled.form, alone.form) == ("pulse", "wave")


def test_cables_need_a_velocity_of_their_own(tmp_path):
    network = 'purkinje.file=["tree.vtu"]'
    given = 'tissue.velocity.values=["0.6 mm/ms"]'
    with pytest.raises(InputError, match=r"tissue.velocity.regions.purkinje is missing"):
        case(tmp_path, "tissue.model=eikonal", network, given)
    assert case(tmp_path, "tissue.model=eikonal", network, given, 'tissue.velocity.regions.purkinje.values=["2 m/s"]')
    assert case(tmp_path, "tissue.model=reaction_eikonal", network)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ('probes.middle=["1 mm","1 mm","1 mm"]', "probes"),
        ("solver.rtol=1e-3", "solver"),
        ('tissue.splitting="strang"', "tissue.splitting"),
        ('output.activation_threshold="-20 mV"', "output.activation_threshold"),
        ('output.fields=["V"]', "output.fields"),
        ('output.measures=["velocity","phase"]', "output.measures phase"),
        ('cells.gradients."gate.tau_close".x=["1x","2x"]', "cells.gradients"),
        ('bath.regions.blood.conductivity=["0.6 S/m"]', "bath.regions.blood.conductivity"),
        ('stimulus=[{node_set="x0",strength="70 uA/mm^3"}]', "stimulus.strength but its sign"),
        ('stimulus=[{node_set="x0",coupling=["300 ms"]}]', "stimulus.coupling"),
        ('stimulus=[{node_set="x0",times=["0 ms","300 ms"]}]', "stimulus.times but the first"),
    ],
)
def test_keys_for_a_membrane_potential_are_known_as_unread(tmp_path, override, words):
    eikonal = "tissue.model=eikonal"
    assert set(unread(case(tmp_path, eikonal, override))) - set(unread(case(tmp_path, eikonal))) == {words}


def test_reaction_eikonal_reads_all_but_the_stimulus_current_and_without_diffusion_the_solver(tmp_path):
    keys = ["tissue.model=reaction_eikonal", "solver.rtol=1e-3", 'output.every="1 ms"']
    assert unread(case(tmp_path, *keys)) == []
    alone = case(tmp_path, *keys, "tissue.foot.diffusion=false", 'stimulus=[{node_set="x0",duration="1 ms"}]')
    assert unread(alone) == ["solver", "stimulus.duration"]
