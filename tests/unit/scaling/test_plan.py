"""Plans and scalings, from measurements on a machine that is made up."""

import json
from dataclasses import replace

import pytest
from made_up import sample
from tools import case_text, tissue_text

from hpc_twin.case import load_case
from hpc_twin.cli.plan_verb import numbers
from hpc_twin.parallel import InputError
from hpc_twin.run.meshes import case_mesh
from hpc_twin.scaling import calibrate, calibrated, planned, read_networks, scale, scaled
from hpc_twin.scaling.keep import keep
from hpc_twin.scaling.measure import shortened
from hpc_twin.scaling.sizes import Sizes
from hpc_twin.scaling.tables import plan_table


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What was measured: sizes and ranks; measurements take what the machine of made_up takes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    requests = []

    def measured(request, launcher, cold=False):
        loaded = load_case(request.case, request.overrides)
        mesh, tissue = case_mesh(loaded.case, loaded.folder)[0], loaded.case.tissue
        requests.append((mesh.n_nodes, request.ranks))
        steps = round((request.until or tissue.until) / tissue.dt)
        found = sample(mesh.n_nodes, request.ranks, steps, frames=1 + round(steps * tissue.dt / 5), cold=cold)
        return replace(found, elements=mesh.n_elements)

    monkeypatch.setattr("hpc_twin.scaling.model.cache_here", lambda ranks: 1e9)
    for module in (calibrate, scale):
        monkeypatch.setattr(module, "measured", measured)
        monkeypatch.setattr(module, "cores", lambda: 2)
        monkeypatch.setattr(module, "check_launcher", lambda launcher: None)
    return requests


@pytest.fixture
def slab(tmp_path):
    """A slab of 10 x 10 x 10 mm at 0.5 mm, 1000 steps."""
    path = tmp_path / "case.toml"
    mesh = '[mesh]\ngenerate = "slab"\nshape = { size = ["10 mm", "10 mm", "10 mm"], h = "0.5 mm" }\n'
    path.write_text(case_text(mesh, tissue=tissue_text(100, effective=(0.13, 0.02))))
    return path


def test_a_plan_finds_what_the_machine_takes(asked, slab):
    loaded = load_case(slab)
    plan = planned(loaded, [1, 2], None, calibrated(loaded, ()))
    assert (plan.nodes, plan.elements, plan.steps) == (9261, 48_000, 1000)
    for ranks, estimate in zip((1, 2), plan.estimates, strict=True):
        whole = sample(9261, ranks, 1000, 3.0, 21)
        assert estimate.loop == pytest.approx(whole.loop, rel=0.04)
        assert estimate.total == pytest.approx(whole.wall, rel=0.02)
        assert estimate.largest_memory == pytest.approx(whole.memory[0], rel=0.05)
    assert {ranks for _, ranks in asked} == {1, 2} and max(nodes for nodes, _ in asked) == 9261


def test_a_calibration_is_kept_for_its_case(asked, slab):
    once, again = calibrated(load_case(slab), ()), calibrated(load_case(slab), ())
    n = len(asked)
    assert again == once
    calibrated(load_case(slab, ["tissue.dt=0.05 ms"]), ["tissue.dt=0.05 ms"])
    assert len(asked) == 2 * n
    calibrated(load_case(slab), (), again=True)
    assert len(asked) == 3 * n


def test_a_mesh_too_large_for_here_is_planned_from_formulas(asked, slab):
    words = ["mesh.shape.h=0.02 mm"]
    loaded = load_case(slab, words)
    plan = planned(loaded, [448, 4096], read_networks()["marenostrum5"], calibrated(loaded, words))
    assert plan.nodes == pytest.approx(501**3, rel=0.03)
    assert plan.elements == pytest.approx(6 * 500**3, rel=0.03)
    assert max(nodes for nodes, _ in asked) < 200_000
    few, estimate = plan.estimates
    assert not few.fits and estimate.fits
    assert estimate.memory[0] == pytest.approx(180 + 1.5e-3 * plan.nodes, rel=0.05)  # rank 0 holds the whole mesh there
    assert estimate.core_hours == pytest.approx(37 * 112 * estimate.total / 3600)
    assert "37 x marenostrum5" in str(list(plan_table("x", plan)[0].columns[1].cells))


def test_refinement_and_given_elements(asked, slab):
    sizes = Sizes(load_case(slab, ["mesh.refine=3"]), ("mesh.refine=3",))
    assert sizes.full(*[sizes.near(20_000)] * 2).nodes == 161**3
    assert sizes.finer(sizes.near(20_000), 100_000).nodes == 41**3
    found = calibrated(load_case(slab), (), elements=6 * 10**9)
    assert found.full.nodes == pytest.approx(10**9, rel=0.05)


def test_a_split_alone_is_refused_and_beside_its_mesh_left_out(slab):
    beside = load_case(slab, ["mesh.split=folder"])
    assert Sizes(beside).near(9261).nodes == 9261
    assert shortened(beside, 50.0).case.mesh.split is None and shortened(beside, 50.0).case.tissue.until == 50
    mesh = beside.case.mesh.model_copy(update={"generate": None})
    with pytest.raises(InputError, match=r"mesh\.split: found a split alone"):
        Sizes(replace(beside, case=beside.case.model_copy(update={"mesh": mesh})))


def test_more_ranks_than_nodes_are_refused(asked, slab):
    loaded = load_case(slab)
    with pytest.raises(InputError, match="--ranks: found 9,262, allowed is at most 9,261, the number of the mesh's"):
        planned(loaded, [9262], None, calibrated(loaded, ()))
    n = len(asked)
    with pytest.raises(InputError, match=r"--ranks: found 20,000, allowed is at most .*, a few more than the mesh has"):
        calibrated(loaded, (), again=True, most=20_000)
    assert len(asked) == n  # before anything is measured


def test_a_scaling_is_measured_predicted_and_kept(asked, slab, tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "LARGEST", 12_000)
    monkeypatch.setattr(scale, "PER_PART", 20)
    networks = list(read_networks().values())[:2]
    found = scaled(load_case(slab), (), [1, 2], networks, [64, 512], weak=True)
    assert [s.ranks for s in found.strong] == [s.ranks for s in found.weak] == [1, 2]
    assert found.weak[0].nodes < 0.7 * found.weak[1].nodes
    for s in found.strong:
        assert sum(found.modelled(s).values()) == pytest.approx(s.loop / s.steps, rel=0.05)
    curve = found.strong_curve(networks[0])
    assert curve[0].efficiency == 1 and curve[-1].load.ranks == 512
    pages = keep(found, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scaling.md", "scaling.json", "scaling.png"}
    data = json.loads((tmp_path / "out" / "scaling.json").read_text())
    assert data["partitions"][0]["n_parts"] == 64
    assert "ranks at 80%" in pages["What would help"] and "| 512 |" in pages["Partitions, counted"]


def test_more_ranks_than_cores_and_cases_without_steps_are_refused(asked, slab):
    with pytest.raises(InputError, match="--ranks: found 3, allowed is at most 2, the number of cores"):
        scaled(load_case(slab), (), [3], [])
    words = ["tissue.model=eikonal", 'tissue.velocity.values=["0.6 m/s", "0.3 m/s"]']
    with pytest.raises(InputError, match="no steps"):
        scaled(load_case(slab, words), (), [1], [])


@pytest.mark.parametrize(
    ("text", "message"), [("two", "found 'two', allowed are numbers"), ("4,0", "found 0, allowed")]
)
def test_numbers_that_are_none(text, message):
    assert numbers("64,2,64", ()) == [2, 64] and numbers(None, (1, 1, 2)) == [1, 2]
    with pytest.raises(InputError, match=f"--parts: {message}"):
        numbers(text, (), "--parts")
