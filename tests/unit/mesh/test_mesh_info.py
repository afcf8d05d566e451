from dataclasses import replace

import numpy as np
from rich.console import Console

from hpc_twin.mesh.info import describe, table
from hpc_twin.mesh.read import read


def printed(description) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))
    console.print(table(description))
    return console.export_text()


def test_a_small_block(block):
    d = describe(block, "block.vtu")
    assert (d.nodes, d.kinds) == (60, {"tetrahedron": 144})
    np.testing.assert_allclose(d.edge, (1, 1, 3**0.5))
    np.testing.assert_allclose(d.quality, 0.755953, atol=1e-6)
    assert [(r.tag, r.name, r.elements, round(r.size, 9), r.unit) for r in d.regions] == [
        (1, "left wall", 72, 12.0, "mm^3"),
        (2, "right", 72, 12.0, "mm^3"),
    ]
    assert d.directions == {"fibres": 1.0, "sheets": 1.0} and d.node_sets["x0"] == 12 and d.pieces == (60,)
    text = printed(d)
    for words in ("144 tetrahedra", "left wall", "0..4 x 0..3 x 0..2 mm", "looks wrong", "nothing"):
        assert words in text


def test_a_broken_mesh_is_described_too(block):
    points = block.points.copy()
    points[3] = np.nan
    d = describe(replace(block, points=points, fibres=block.fibres * 0), "block.vtu")
    assert d.edge == () and d.directions["fibres"] == 0
    assert "ERROR" in printed(d) and "NaN" in printed(d)
    empty = replace(block, points=points[:0], elements=block.elements[:0], regions=block.regions[:0], fibres=None)
    assert "0 nodes and 0 elements" in printed(describe(empty, "empty.vtu"))


def test_guessed_units(reference):
    rabbit = reference("rabbit_ucsd/UCSD_heart_retet.vtu")
    assert 'a rabbit heart (33.05 mm) with unit = "cm"' in describe(read(rabbit), rabbit).unit
    assert "could be a rabbit heart" in describe(read(rabbit, "cm"), rabbit, "cm").unit
    human = reference("biv_crtdemo/biventricle.vtu")
    d = describe(read(human), human)
    assert "could be a human heart" in d.unit and "'fiber', averaged" in printed(d)
    atria = reference("atria_small/atria.elem")
    d = describe(read(atria), atria, "um")
    assert 'a human heart (98.35 mm) with unit = "mm"' in d.unit and "were they ever set" in printed(d)


def test_mixed_mesh(reference):
    atria = reference("biatrial/Bilayer_Combined_all_Lines_IAC.elem")
    d = describe(read(atria), atria, "um")
    assert d.kinds == {"triangle": 97937, "line": 21567} and "human" in d.unit
    assert {region.tag: region.unit for region in d.regions}[32] == "mm"
    assert sum(region.elements for region in d.regions) == 119504
