"""The meshes of these tests, written as files, and their cases."""

from itertools import pairwise

import meshio
import numpy as np
import pytest

TISSUE = """
[cells]
model = "mitchell_schaeffer_2003"
{cells}
[tissue]
until = "12 ms"
dt = "0.1 ms"
splitting = "strang"
mass = 0.25
[tissue.conductivity]
effective = {conductivity}
{regions}
[[stimulus]]
{place}
strength = "100000 uA/cm^3"
[probes]
a = ["1 mm", "1 mm", "1 mm"]
b = ["3 mm", "1 mm", "0 mm"]
[output]
every = "4 ms"
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
[partition]
method = "{method}"
"""


def sphere(levels: int = 3, radius: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of an icosahedron, each triangle cut into four ``levels`` times, blown up to a ball."""
    golden = (1 + 5**0.5) / 2
    flat = np.array([(0, s, t * golden) for s in (-1, 1) for t in (-1, 1)])
    points = np.vstack([np.roll(flat, k, axis=1) for k in range(3)])
    near = np.abs(np.linalg.norm(points[:, None] - points, axis=-1) - 2) < 1e-9
    i, j, k = np.indices((12, 12, 12)).reshape(3, -1)
    triangles = np.column_stack((i, j, k))[(i < j) & (j < k) & near[i, j] & near[j, k] & near[i, k]]
    for _ in range(levels):
        points, triangles = _refined(points, triangles)
    return radius * points / np.linalg.norm(points, axis=1, keepdims=True), triangles


def _refined(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edges = np.sort(triangles[:, [(0, 1), (1, 2), (2, 0)]].reshape(-1, 2), axis=1)
    edges, which = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = len(points) + which.reshape(-1, 3).T
    a, b, c = triangles.T
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.vstack((points, points[edges].mean(axis=1))), np.vstack([np.column_stack(p) for p in parts])


def write_sphere(folder) -> str:
    points, triangles = sphere()
    region = (points[triangles].mean(axis=1)[:, 2] > 0).astype(np.int32) + 1
    mesh = meshio.Mesh(points, [("triangle", triangles)], cell_data={"region": [region]})
    mesh.write(folder / "sphere.vtu", binary=False)
    return '[mesh]\nfile = "sphere.vtu"\nunit = "mm"\n'


def write_mixed(folder) -> str:
    """CARP text: two strips of triangles, 3 mm apart, joined by two cables of lines, fibres along x."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(9) * 0.5, np.arange(5) * 0.5, indexing="ij"))
    strip = np.column_stack((x, y, np.zeros_like(x)))
    low = (np.arange(8)[:, None] * 5 + np.arange(4)).ravel()
    cut = np.vstack((np.column_stack((low, low + 5, low + 6)), np.column_stack((low, low + 6, low + 1))))
    rungs = np.arange(1, 6)[:, None] * (0, 0, 0.5)
    points = np.vstack((strip, strip + np.array((0, 0, 3)), strip[2] + rungs, strip[42] + rungs))
    triangles = np.vstack((cut, cut + 45))
    lines = []
    for first, start in ((90, 2), (95, 42)):
        chain = [start, *range(first, first + 5), start + 45]
        lines += list(pairwise(chain))
    rows = [f"Tr {a} {b} {c} {1 + (a >= 45)}" for a, b, c in triangles] + [f"Ln {a} {b} 5" for a, b in lines]
    fibres = ["1 0 0"] * len(triangles) + ["0 0 1"] * len(lines)
    (folder / "mixed.pts").write_text("\n".join([str(len(points)), *(f"{a} {b} {c}" for a, b, c in points * 1000)]))
    (folder / "mixed.elem").write_text("\n".join([str(len(rows)), *rows]))
    (folder / "mixed.lon").write_text("\n".join(["1", *fibres]))
    return '[mesh]\nfile = "mixed.elem"\nthickness = "0.5 mm"\ncross_section = "0.4 mm^2"\n'


def write_network(folder) -> str:
    """A slab and, 0.2 mm under it, a cable that forks: four places meet the muscle, on its whole length."""
    stem, forks = [(-4, 1.5), (0, 1.5)], [(2, 0.5), (2, 2.5), (4.5, 0.5), (4.5, 2.5)]
    cables = [stem, *([stem[-1], end] for end in forks)]
    text = [f"{len(cables)}"]
    for number, (begin, end) in enumerate(cables):
        count = max(3, int(4 * np.hypot(end[0] - begin[0], end[1] - begin[1])))
        places = np.linspace(begin, end, count) * 1000
        text += [f"Cable {number}", "-1 -1", "-1 -1", f"{count}", "7.0", "100.0", "0.0006"]
        text += [f"{x} {y} -200" for x, y in places]
    (folder / "tree.pkje").write_text("\n".join(text))
    slab = '[mesh]\ngenerate = "slab"\nshape = { size = ["5 mm", "3 mm", "2 mm"], h = "0.5 mm" }\n'
    return slab + '[purkinje]\nfile = ["tree.pkje"]\njunction_resistance = "4 kohm"\ncross_section = "0.2 mm^2"\n'


def cases(folder) -> dict[str, str]:
    """Mesh section and the rest of each case."""
    generated = '[mesh]\ngenerate = "{}"\nshape = {{ {} }}\n'
    corner = 'box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "2 mm", "1 mm"] }'
    two = 'effective = ["0.2 S/m", "0.05 S/m"]'
    half = '[tissue.conductivity.regions.2]\neffective = ["0.1 S/m"]'
    model = '[cells.regions.{}]\nmodel = "tentusscher_2006_epi"'
    along = two.split(" = ")[1]
    table = {
        "slab": (generated.format("slab", 'size = ["5 mm", "3 mm", "2 mm"], h = "0.5 mm"'), along, "", "", corner),
        "cable": (generated.format("cable", 'length = "8 mm", h = "0.2 mm"'), along, "", "", 'node_set = "x0"'),
        "sphere": (write_sphere(folder), '["0.2 S/m"]', half, model.format(2),
                   'sphere = { centre = ["0 mm", "0 mm", "-4 mm"], radius = "2 mm" }'),
        "network": (write_network(folder), along, "", model.format("purkinje"), 'node_set = "his"'),
        "mixed": (write_mixed(folder), along, half, model.format(5), corner),
    }  # fmt: skip
    return {name: words[0] + _rest(*words[1:]) for name, words in table.items()}


def _rest(conductivity: str, regions: str, cells: str, place: str) -> str:
    words = {"conductivity": conductivity, "regions": regions, "cells": cells, "place": place}
    return TISSUE.format(method="{method}", **words)


@pytest.fixture(scope="session")
def case_files(tmp_path_factory):
    """A function that writes a case for a partitioner and returns its path."""
    folder = tmp_path_factory.mktemp("cases")
    texts = cases(folder)

    def write(name: str, method: str):
        path = folder / f"{name}_{method}.toml"
        path.write_text(texts[name].replace("{method}", method))
        return path

    return write
