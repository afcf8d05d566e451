import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "io"))
from strips import strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.traces import TraceWriter
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError, world
from hpc_twin.view import ViewOptions, make_pictures, view_options

SMALL = {"size": (480, 360)}


def bowl() -> Mesh:
    """Half a hollow ball of tetrahedra, open above (+z), 20 mm wide."""
    import pyvista as pv

    ball = {"outer_radius": 10, "inner_radius": 7, "start_phi": 90, "end_phi": 180}
    grid = pv.SolidSphere(**ball, radius_resolution=3, theta_resolution=24, phi_resolution=9)
    grid = grid.triangulate().clean(tolerance=1e-4)
    elements = grid.cell_connectivity.reshape(-1, 4).astype(np.int64)
    return Mesh(np.asarray(grid.points, float), elements, np.zeros(len(elements), np.int32))


def cable() -> Mesh:
    points = np.column_stack([np.arange(11.0), np.zeros((11, 2))])
    return Mesh(points, np.column_stack([np.arange(10), np.arange(1, 11)]), np.zeros(10, np.int32))


def write(mesh: Mesh, folder: Path) -> Path:
    part = strips(mesh, world())
    x = part.points[: part.n_owned, 0] - part.points[:, 0].min()
    fields, maps = {"V": ("mV", "transmembrane potential")}, {"activation": ("ms", "activation time")}
    with ExodusWriter(folder / "r.exo", part, fields, {}, maps) as writer:
        for t in range(0, 20, 4):
            writer.write_frame(float(t), {"V": np.where(x < t, 20.0, -85.0)})
        writer.write_static({"activation": np.where(x < 15, x, np.nan)})
    with TraceWriter(world(), folder / "traces.nc", ["P1", "P2"], fields) as traces:
        traces.append(0.0, {"V": np.zeros(2)})
        traces.append(1.0, {"V": np.ones(2)})
    return folder / "r.exo"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    path = write(bowl(), tmp_path_factory.mktemp("bowl"))
    told = []
    written = make_pictures(path, None, ViewOptions(movie="mp4", **SMALL), lambda *words: told.append(words))
    return path, written, told


def colours(image: np.ndarray) -> int:
    return len(np.unique(image.reshape(-1, image.shape[2])[:, :3] // 32, axis=0))


def test_all_kinds_are_written(drawn):
    path, written, told = drawn
    assert [p.name for p in written] == ["activation.png", "V_times.png", "V.mp4", "traces_V.png"]
    assert all(p.parent == path.parent / "pictures" and p.stat().st_size > 1000 for p in written)
    assert told == [("V.mp4", k, 5) for k in range(1, 6)]


def test_pictures_show_something_on_white(drawn):
    for path in (drawn[1][0], drawn[1][1]):
        image = imageio.imread(path)
        assert image.shape[1] <= 480 and colours(image) > 20
        assert (image[0] == 255).all() and (image[:, 0] == 255).all()


def test_movie_moves(drawn):
    frames = list(imageio.get_reader(drawn[1][2]).iter_data())
    assert len(frames) == 5
    changed = np.abs(frames[0].astype(int) - frames[-1]).max(axis=2) > 60
    white = (frames[-1] > 240).all(axis=2)
    assert 0.1 < changed.mean() < 0.8 and 0.2 < white.mean() < 0.9


def test_gif_of_a_cable_replaces_older_pictures(tmp_path):
    path = write(cable(), tmp_path)
    for _ in range(2):
        written = make_pictures(path, tmp_path / "out", ViewOptions((4.0, 9.0), movie="gif", **SMALL))
    assert {p.name for p in (tmp_path / "out").iterdir()} == {p.name for p in written}
    assert len(imageio.mimread(tmp_path / "out" / "V.gif")) == 5


def test_bowl_is_seen_upright_and_cut_open(drawn):
    from hpc_twin.io.result import read_result
    from hpc_twin.view.geometry import views_of

    with read_result(drawn[0]) as result:
        outside, inside = views_of(result)
        points = result.points
    assert outside.up[2] > 0.9 and abs(outside.right[2]) < 1e-3
    for view in (outside, inside):
        seen = np.column_stack([view.values(column) for column in points.T])
        assert np.allclose(seen, view.surface.points, atol=1e-3)
    behind = np.cross(inside.right, [0, 0, 1])
    assert len(inside.surface.points) and (inside.surface.points @ behind).max() < 1e-3


def test_organ_without_a_flat_base_is_seen_upright(tmp_path):
    """A long half shell, open above, whose rim is uneven, lying on its side: no patch of a round wall is its base."""
    from hpc_twin.io.result import read_result
    from hpc_twin.view.geometry import views_of

    mesh = bowl()
    x, y, z = mesh.points.T
    lying = np.column_stack((-2.5 * z + 0.15 * x * y, x, y))
    with read_result(write(replace(mesh, points=lying), tmp_path)) as result:
        assert views_of(result)[0].up[0] < -0.9


def test_the_thicker_wall_is_at_the_right(tmp_path):
    """Half of the bowl is stretched, so it is thick there and reaches farther out."""
    from hpc_twin.io.result import read_result
    from hpc_twin.view.geometry import views_of

    for side in (1, -1):
        points = bowl().points * (1, 0.8, 1)
        points[points[:, 0] * side > 0, 0] *= 1.5
        with read_result(write(replace(bowl(), points=points), tmp_path)) as result:
            assert views_of(result)[0].right[0] * side > 0.9


def test_left_ventricle_of_a_rabbit_is_at_the_right():
    """Its thick free wall is on the side of -y, where the file has its right one on that of +y."""
    import pyvista as pv

    from hpc_twin.view.geometry import _organ

    path = Path(__file__).parents[3].parent / "shared/reference/meshes/rabbit_ucsd/UCSD_heart_retet.vtu"
    if not path.is_file():
        pytest.skip("needs the reference meshes beside the project")
    mesh = pv.read(path)
    tets = pv.UnstructuredGrid({pv.CellType.TETRA: mesh.cells_dict[pv.CellType.TETRA]}, mesh.points)
    assert _organ(tets, np.linalg.eigh(np.cov(tets.points.T))[1].T[::-1])[0][1] < -0.8


def maps_of(folder: Path, **maps: np.ndarray) -> tuple[np.ndarray, ...]:
    """What view draws of maps on a sheet of 8 x 4 mm."""
    part = strips(sheet((8, 4), 0.25), world())
    with ExodusWriter(folder / "r.exo", part, {}, {}, {name: ("rad", name) for name in maps}) as writer:
        writer.write_static({name: field(part.points[: part.n_owned]) for name, field in maps.items()})
        writer.write_frame(0.0, {})
    make_pictures(folder / "r.exo", None, ViewOptions(movie=None, **SMALL))
    return tuple(imageio.imread(folder / "pictures" / f"{name}.png")[..., :3].astype(int) for name in maps)


def test_an_angle_has_no_seam_where_it_turns(tmp_path):
    """Shown over a whole turn about the middle; at -x it jumps from pi to -pi, where both are of one colour."""
    (image,) = maps_of(tmp_path, rotational=lambda p: np.arctan2(p[:, 1] - 2.1, p[:, 0] - 4.1))
    drawn = np.argwhere((image[70:, :-130] < 250).any(axis=2)) + np.array((70, 0))
    (top, left), (bottom, right) = drawn.min(axis=0), drawn.max(axis=0)
    column = image[top + 5 : bottom - 5, left + (right - left) // 8]
    assert np.abs(np.diff(column, axis=0)).max() < 40
    red = (column[:, 0] > 180) & (column[:, 1:] < 110).all(axis=1)
    assert red.any() and not ((column[:, 2] > 150) & (column[:, 1] > 150)).any()  # no cyan, which is 0


def test_nothing_to_show_is_said(tmp_path):
    """A map of nothing but NaN has a grey sheet, and words instead of a colour bar."""
    nan, zero = maps_of(tmp_path, lost=lambda p: np.full(len(p), np.nan), found=lambda p: p[:, 0])
    assert (np.ptp(nan, axis=2) < 12).all()
    assert (np.ptp(zero, axis=2) > 60).mean() > 0.05 and (nan[100:250, -130:] < 100).any()


@pytest.mark.parametrize(
    "options, words",
    [(ViewOptions(field="v"), "no field 'v'"), (ViewOptions(times=(99.0,)), "runs from 0 to 16 ms")],
)
def test_what_is_not_there(drawn, tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        make_pictures(drawn[0], tmp_path, options)


@pytest.mark.parametrize(
    "words", [{"times": "10"}, {"times": "3 mV"}, {"movie": "avi"}, {"size": "big"}, {"size": "1x99999999"}]
)
def test_bad_options(words):
    with pytest.raises(InputError, match="--" + next(iter(words))):
        view_options(**words)


def test_options_in_words():
    assert view_options("10 ms, 0.02 s", "u", "none", "640x480") == ViewOptions((10.0, 20.0), "u", None, (640, 480))


def test_importing_view_does_not_load_vtk():
    code = "import sys, hpc_twin.view; sys.exit(any(m in sys.modules for m in ('pyvista', 'vtk', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0


@pytest.mark.parametrize("degrees", [30.0, -50.0])
def test_fibres_are_strokes_of_one_colour(tmp_path, degrees):
    """On a flat sheet the helix angle is the angle to the horizontal."""
    from matplotlib import colormaps

    mesh = sheet((8, 4), 0.5)
    turn = np.radians(degrees)
    along = np.tile((np.cos(turn), np.sin(turn), 0.0), (mesh.n_elements, 1))
    part = strips(replace(mesh, fibres=along), world())
    with ExodusWriter(tmp_path / "r.exo", part, {"V": ("mV", "V")}, fibres=True) as writer:
        writer.write_frame(0.0, {"V": np.zeros(part.n_owned)})
    written = make_pictures(tmp_path / "r.exo", None, ViewOptions(movie=None, **SMALL))
    assert "fibres.png" in [p.name for p in written]
    image = imageio.imread(tmp_path / "pictures" / "fibres.png")[60:-60, 20:-120, :3].astype(int)
    wanted = 255 * np.array(colormaps["hsv"]((degrees + 90) / 180)[:3])
    assert (np.abs(image - wanted).sum(axis=2) < 60).mean() > 0.01


@pytest.mark.parametrize("towards", [(1.0, -2.0, 0.5), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)])
def test_one_may_look_from_anywhere(drawn, towards):
    """Towards the viewer is what was asked for, and z, or y, is up."""
    from hpc_twin.io.result import read_result
    from hpc_twin.view.geometry import views_of

    with read_result(drawn[0]) as result:
        right, up, out = views_of(result, towards)[0].frame
    assert np.allclose(out, np.array(towards) / np.linalg.norm(towards))
    assert up[2 if towards[:2] != (0.0, 0.0) else 1] > 0 and abs(right[2]) < 1e-12


@pytest.mark.parametrize("words", ["1,2", "0,0,0", "up"])
def test_where_nobody_can_look_from(words):
    with pytest.raises(InputError, match="--from"):
        view_options(towards=words)
