"""The model finds the costs that samples were made with, and networks add what their keys say."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from made_up import CALLS, CELLS, FRAMES, MEASURES, SOLVE, W, frame, sample

from hpc_twin.mesh.generate import slab
from hpc_twin.parallel import InputError
from hpc_twin.scaling.fit import Law
from hpc_twin.scaling.halo import Halo
from hpc_twin.scaling.improvements import IMPROVEMENTS
from hpc_twin.scaling.iterations import Growth
from hpc_twin.scaling.model import Load, Model
from hpc_twin.scaling.networks import chosen, here, read_networks
from hpc_twin.scaling.parts import Parts, counted
from hpc_twin.scaling.units import USUAL, Point, Unit

SAMPLES = [sample(1000), sample(8000), sample(60_000), sample(60_000, 2), sample(8000, 2, 1000, 2.5, 10)]
CACHE = "hpc_twin.scaling.model.cache_here", lambda ranks: 1e9  # MB: the machine of the samples knows no memory
with patch(*CACHE):
    MODEL = Model(SAMPLES, "monodomain", 3)
NETWORKS = read_networks()
HERE = here(60.0, 2)


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr(*CACHE)


def test_a_run_of_another_size_is_predicted():
    nodes, ranks, steps, frames = 200_000, 2, 5000, 50
    wanted = sample(nodes, ranks, steps, 4.0, frames)
    load = Load(ranks, nodes, nodes / ranks)
    parts = MODEL.step(load, HERE, 4.0, frames / steps)
    assert sum(parts.values()) * steps == pytest.approx(wanted.loop, rel=0.03)  # that ranks speak is in it
    assert parts["output"] * steps == pytest.approx(wanted.seconds["output"], rel=0.02)
    assert sum(MODEL.start_up(load).values()) == pytest.approx(wanted.wall - wanted.loop, rel=1e-3)
    assert MODEL.size_of_files(nodes, frames) == pytest.approx(wanted.bytes, rel=1e-3)


def test_memory_of_rank_0_and_of_others():
    load = Load.even(200_000, 2, 3)
    rank_0, other = MODEL.memory_of(load)
    wanted = sample(200_000, 2).memory
    assert rank_0 == pytest.approx(wanted[0], rel=0.05)  # the law counts ghosts, the samples have none
    assert other == pytest.approx(wanted[1], rel=0.05)


def test_constants_are_found():
    assert MODEL.scheme.w == pytest.approx(W)  # since iterations differ between the halves of each run
    assert MODEL.cells.inside == pytest.approx(CELLS)
    assert MODEL.solve.inside == pytest.approx(SOLVE)
    assert MODEL.measures.inside == pytest.approx(MEASURES)
    assert MODEL.cells.calls + MODEL.solve.calls == pytest.approx(CALLS, rel=1e-3)


def test_runs_that_compile_tell_nothing_of_start_up():
    with patch(*CACHE):
        model = Model([sample(300, cold=True), *SAMPLES], "monodomain", 3)
    assert model.phases["cell models"](Load(1, 8000, 8000)) == pytest.approx(0.2)


def test_communication_is_latency_messages_and_bytes():
    network = replace(NETWORKS["infiniband-100g"], cores=1)
    load, iterations = Load(1024, 1e8, 1e5, 1000, 10), 3.0
    parts = MODEL.step(load, network, iterations, 0.0)
    exchange = 2e-6 * 10 * network.overhead + 1e-6 * network.latency + 1000 * 64e-9 / network.bandwidth
    assert parts["halo"] == pytest.approx((iterations + 2) * exchange)
    reduction = 1e-6 * 10 * (network.latency + network.overhead)
    assert parts["reductions"] == pytest.approx((2 * iterations + 2) * reduction)


def test_cores_of_a_node_share_its_memory_until_the_cache_holds_their_part():
    network = NETWORKS["marenostrum5"]
    large, small = (MODEL.step(Load(112, 112 * n, n), network, 3.0, 0.0)["solve"] / n for n in (1e6, 1e3))
    assert small == pytest.approx(SOLVE * (3 + W))
    traffic = (1 + USUAL) * SOLVE * 30e9 * (3 + W)  # bytes: what the samples' machine moves in that time
    assert large == pytest.approx(traffic * 112 / (network.memory_bandwidth * 1e9), rel=0.02)


@pytest.mark.parametrize("name", [name for name in IMPROVEMENTS if name != "as it is"])
def test_improvements_help_where_latency_counts(name):
    load = Load(100_000, 2e7, 200, 350, 28)
    network = NETWORKS["marenostrum5"]
    steps = [sum(IMPROVEMENTS[key](MODEL, load, network, 6.0, 0.0).values()) for key in ("as it is", name)]
    assert steps[1] < steps[0]


def test_iterations_grow_with_the_root_of_mass_and_stiffness():
    growth = Growth.through([(0.2, 2.95), (0.1, 4.52)])  # the slab, docs/performance.md
    assert growth.known == "measured"
    assert growth.ratio(0.2, 0.1) == pytest.approx(4.52 / 2.95)
    assert growth.ratio(0.01, 0.001) == pytest.approx(10, rel=0.02)
    assert Growth.through([(2.0, 0.1), (1.0, 3.0)]).known == "assumed"


def test_costs_are_never_negative():
    law = Law({"one": lambda x: 1.0, "x": lambda x: x}, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    assert law["x"] == 0.0 and law["one"] > 0


def test_halo_is_that_of_counted_parts_and_between():
    known = [Parts(64, 64_000, 1010, 800, 700.0, 26, 14.0), Parts(512, 64_000, 130, 260, 200.0, 28, 17.0)]
    halo = Halo(known)
    assert halo.load(64_000, 64).ghosts == pytest.approx(800)
    assert 260 < halo.load(64_000, 200).ghosts < 800
    assert halo.load(64_000, 1).ghosts == 0


def test_networks_of_the_user(tmp_path):
    path = tmp_path / "mine.toml"
    keys = "latency node_latency overhead bandwidth cores memory_bandwidth cache memory writer power"
    text = "[mine]\n" + "\n".join(f"{key} = 2" for key in keys.split())
    path.write_text(text)
    assert chosen(read_networks(path), ["mine"])[0].cores == 2
    path.write_text(text.replace("latency = 2", "latency = 0", 1))
    with pytest.raises(InputError, match=r"mine.latency: found 0, it must be a number above 0"):
        read_networks(path)
    path.write_text(text + "\nlatenzy = 3")
    with pytest.raises(InputError, match="unknown key 'latenzy'; did you mean 'latency'"):
        read_networks(path)
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.toml"):
        read_networks(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="found 'infiniband'; did you mean 'infiniband-100g'"):
        chosen(NETWORKS, ["infiniband"])


@pytest.mark.parametrize("n_parts", [8, 64, 512])
def test_the_law_of_halos_is_near_what_is_counted(n_parts):
    (found,) = counted(slab((20, 7, 3), 1), 2, [n_parts])  # 30,537 nodes
    law = Load.even(found.n_nodes, n_parts, 3)
    assert 0.7 < law.ghosts / found.ghosts < 1.8
    assert law.n == pytest.approx(found.largest, rel=0.1)


def test_a_unit_is_what_was_measured_at_its_size_and_beside_other_ranks():
    points = [(1, 3e3, 9e-9, 1.0), (1, 1e4, 9e-9, 1.0), (1, 8e5, 15e-9, 1.0), (2, 8e5, 15e-9, 1.1)]
    found = Unit.through([Point(ranks, n, 4 * n, 50e-6 + 4 * n * u * more) for ranks, n, u, more in points])
    assert [found.calls, found.at(3e3), found.at(8e5), found.at(1e7)] == pytest.approx([50e-6, 9e-9, 15e-9, 15e-9])
    assert 9e-9 < found.at(1e5) < 15e-9 and found.shared == pytest.approx(0.1)
    assert found.outside(0.5) == pytest.approx(15e-9) and found.outside(0.0) == pytest.approx(9e-9 * (1 + USUAL))


def test_a_frame_is_compressed_by_all_and_written_by_one():
    few, many = (FRAMES.seconds(30e6, ranks, 12.5, 1.0) for ranks in (64, 4096))
    assert few["compress"] == pytest.approx(8 * 65_536 * FRAMES.compress)  # 458 chunks on 64 ranks
    assert many["compress"] == pytest.approx(65_536 * FRAMES.compress)  # more ranks than chunks
    assert few["write"] == many["write"] == pytest.approx(458 * FRAMES.chunk + 60e6 * 1e-9)  # 1 GB/s
    for senders, found in ((63, few), (457, many)):  # who has a chunk sends
        on_link = 60e6 / 12.5e9 * (1 - 1 / (64 if found is few else 4096))
        assert found["send"] == pytest.approx(senders * FRAMES.message + on_link)
    assert sum(MODEL.frame(Load(2, 50_000, 25_000), HERE).values()) == pytest.approx(frame(50_000, 2), rel=0.01)
