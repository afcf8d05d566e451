import random
import time

import numpy as np
import pytest

from hpc_twin.mesh.checks import usable
from hpc_twin.mesh.read import read
from hpc_twin.parallel import InputError

POINTS = "5\n0 0 0\n1000 0 0\n0 1000 0\n0 0 1000\n1e3 1e3 1e3\n"
ELEMENTS = "4\nTt 0 1 2 3 1\nTr 1 2 4 2\nLn 0 4 3\nLn 3 4 -4\n"
FIBRES = "0 0 2\n1 0 0\n0 1 0\n0 0 1\n"


@pytest.fixture
def carp(tmp_path):
    """A function that writes a CARP mesh and returns its path."""

    def make(points=POINTS, elements=ELEMENTS, fibres=FIBRES):
        for suffix, text in ((".pts", points), (".elem", elements), (".lon", fibres)):
            if text is not None:
                (tmp_path / f"my.heart{suffix}").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "my.heart.elem"

    return make


def test_mixed_elements(carp):
    mesh = read(carp())
    assert mesh.elements.tolist() == [[0, 1, 2, 3], [1, 2, 4, -1], [0, 4, -1, -1], [3, 4, -1, -1]]
    assert mesh.regions.tolist() == [1, 2, 3, -4]
    np.testing.assert_allclose(mesh.points[4], 1.0)
    np.testing.assert_allclose(mesh.fibres[0], [0, 0, 1])
    assert mesh.sheets is None


@pytest.mark.parametrize("name", ["my.heart", "my.heart.pts", "my.heart.elem", "my.heart.lon"])
def test_any_of_its_names(carp, name):
    assert read(carp().parent / name, "mm").points.max() == 1000


@pytest.mark.parametrize("header", ["", "2\n", "1\n"])
def test_two_directions_with_and_without_header(carp, header):
    mesh = read(carp(fibres=header + "1 0 0 0 3 0\n" * 4))
    np.testing.assert_allclose(mesh.sheets, [[0, 1, 0]] * 4)


def test_without_fibres_without_regions_with_windows_line_ends_and_blank_lines(carp):
    mesh = read(carp(POINTS.replace("\n", "\r\n"), "2\nTr 0 1 2\n\nTr 1 2 3\n\n", None))
    assert mesh.fibres is None and mesh.regions.tolist() == [0, 0] and mesh.width == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"points": POINTS.replace("0 1000 0", "0 x 0")}, r"my.heart.pts: line 4: found 'x', expected a number"),
        ({"points": POINTS.replace("0 1000 0", "0 1000")}, r"pts: line 4: found '0 1000', expected 3 coordinates"),
        ({"points": POINTS.replace("0 1000 0", "0 1.2.3 0")}, r"pts: line 4: found '1.2.3', expected a number"),
        ({"points": POINTS.replace("5\n", "6\n", 1)}, r"pts: line 1 says 6 nodes, 5 lines follow"),
        ({"points": POINTS[2:]}, r"pts: line 1: found '0 0 0', expected the number of nodes"),
        ({"points": ""}, r"pts: line 1: found '', expected the number of nodes"),
        ({"points": None}, r"my.heart.pts: no such file"),
        ({"elements": ELEMENTS.replace("Tr 1 2 4 2", "Hx 0 1 2 3 4 5 6 7 1")}, r"elem: line 3: found hexahedra \(Hx\)"),
        ({"elements": ELEMENTS.replace("Tr 1", "Zz 1")}, r"elem: line 3: found element kind 'Zz'"),
        (
            {"elements": ELEMENTS.replace("Tr 1 2 4 2", "Tr 1 2 5 2")},
            r"line 3: found '3 1 2 5 2', expected node indices",
        ),
        ({"elements": ELEMENTS.replace("Tr 1 2 4 2", "Tr 1 -2 4 2")}, r"line 3: .*expected node indices 0 to 4"),
        ({"elements": ELEMENTS.replace("Tr 1 2 4 2", "Tr 1 2 4")}, r"line 3: .*expected kind, node indices and region"),
        ({"elements": ELEMENTS.replace("Tr 1 2 4 2", "7 1 2 4 2")}, r"line 3: .*expected an element kind"),
        ({"elements": ELEMENTS.replace("Tr 1 2 4 2", "Tr 1 2.5 4 2")}, r"line 3: found '2.5', expected a number"),
        ({"elements": ELEMENTS.replace("4 2\n", "4 99999999999\n")}, r"line 3: .*expected a region tag"),
        ({"fibres": "1\n" + FIBRES + "1 0 0\n"}, r"lon: found 5 directions for 4 elements"),
        ({"fibres": FIBRES.replace("1 0 0", "1 0")}, r"lon: line 2: found '1 0', expected 3 numbers"),
    ],
)
def test_bad_files(carp, files, words):
    with pytest.raises(InputError, match=words):
        read(carp(**files))


def test_zero_and_nan_fibres_are_named(carp):
    path = carp(fibres="0 0 0\n1 0 0\nnan 0 0\n0 0 1\n")
    with pytest.raises(InputError, match=r"my.heart.elem: 2 elements have fibres of zero length or NaN \(element 0, 2"):
        usable(read(path), path)


def test_truncated_or_damaged_anywhere(carp):
    chance = random.Random(3)
    for which, whole in (("points", POINTS), ("elements", ELEMENTS), ("fibres", FIBRES)):
        for cut in range(whole.rstrip().rindex("\n")):  # a last number cut short is still a number
            with pytest.raises(InputError):
                read(carp(**{which: whole[:cut]}))
        for _ in range(60):
            damaged = bytearray(whole.encode())
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                usable(read(carp(**{which: bytes(damaged)})), "damaged")
            except InputError:
                pass
        carp()


def test_reference_atria(reference):
    mesh = read(reference("biatrial/Bilayer_Combined_all_Lines_IAC.elem"))
    assert (mesh.n_nodes, mesh.n_elements, mesh.width) == (50949, 119504, 3)
    assert (mesh.sizes == 2).sum() == 21567
    mended, words = usable(mesh, "atria")
    assert mended.n_elements == mesh.n_elements - 13 and len(words) == 1 and "13 elements repeat" in words[0]
    small = read(reference("atria_small/atria.pts"), "mm")
    assert (small.n_nodes, small.n_elements) == (1724, 3444)


def test_a_million_tetrahedra(carp):
    n = 1_000_000
    nodes = np.arange(n)[:, None] % 1000 + np.array([0, 1, 2, 3])
    rows = "Tt %d %d %d %d 1\n"
    elements = f"{n}\n" + (rows * n) % tuple(nodes.ravel().tolist())
    points = "1003\n" + "".join(f"{k} {k * k % 7} {k % 3}\n" for k in range(1003))
    path = carp(points, elements, "1\n" + "0.5 0.25 0.125\n" * n)
    start = time.process_time()
    mesh = read(path)
    assert mesh.n_elements == n and time.process_time() - start < 10
