"""Cables beside tetrahedra get a picture of their own; meshes without cables, or of cables alone, do not."""

import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "io"))
from strips import strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.result import read_result
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.junctions import Junctions, joined
from hpc_twin.mesh.network.model import Network, cable
from hpc_twin.parallel import world
from hpc_twin.view import ViewOptions
from hpc_twin.view.geometry import views_of
from hpc_twin.view.network import draw_network

SMALL = ViewOptions(size=(480, 360))


def drawn(mesh: Mesh, folder: Path, activation=None) -> list[Path]:
    part = strips(mesh, world())
    with ExodusWriter(folder / "r.exo", part, {"V": ("mV", "V")}, {}, {"activation": ("ms", "activation")}) as writer:
        writer.write_frame(0.0, {"V": np.zeros(part.n_owned)})
        times = part.points[: part.n_owned, 0] if activation is None else activation
        writer.write_static({"activation": times})
    with read_result(folder / "r.exo") as result:
        return draw_network(result, views_of(result), folder, SMALL)


def test_cables_are_drawn_in_their_colours(tmp_path):
    stem = cable(np.array([0.5, 2, 1]), np.array([7.5, 2, 1]), 0.5, "purkinje")
    network = Network(stem.points, stem.lines, stem.kinds, np.array([len(stem.points) - 1]))
    mesh, _ = joined(slab((8, 4, 2), 1.0), network, Junctions(0.6, 10.0, 0.1))
    (path,) = drawn(mesh, tmp_path)
    page = imageio.imread(path)[:, :, :3].astype(int)
    strong = np.ptp(page, axis=2) > 60
    front, back = strong[:, :186], strong[:, 186:360]
    assert path.name == "network.png" and front.sum() > 20 < back.sum()
    reds, blues = (np.ptp(page, axis=2) > 60) & (page.argmax(axis=2) == 0), page.argmax(axis=2) == 2
    place = {name: np.flatnonzero((strong & hue).any(axis=0)) for name, hue in (("red", reds), ("blue", blues))}
    assert place["red"].min() < place["blue"].min(), "the front begins at the left"
    assert place["blue"][place["blue"] > 186].min() < place["red"][(186 < place["red"]) & (place["red"] < 360)].max()


@pytest.mark.parametrize("mesh", [slab((4, 3, 2), 1.0), Mesh(np.eye(3), np.array([(0, 1), (1, 2)]), np.zeros(2, int))])
def test_nothing_to_draw(mesh, tmp_path):
    assert drawn(mesh, tmp_path) == []
