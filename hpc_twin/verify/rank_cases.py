"""The cases that must be equal on any number of ranks: one of each kind of element, and of each physics."""

from hpc_twin.mesh.model import Mesh
from hpc_twin.verify.shapes import bridged, sphere

CASE = """
[mesh]
{mesh}
{sections}
[cells]
model = "mitchell_schaeffer_2003"
{cells}
[tissue]
until = "{until} ms"
dt = "0.1 ms"
splitting = "strang"
{tissue}
[tissue.conductivity]
{sigma}
{regions}
[[stimulus]]
{place}
strength = "100000 uA/cm^3"
[output]
every = "4 ms"
{output}
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
"""
USUAL = {
    "sections": "",
    "cells": "",
    "tissue": "mass = 0.25",
    "sigma": 'effective = ["0.2 S/m", "0.05 S/m"]',
    "regions": "",
    "place": 'box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "2 mm", "1 mm"] }',
    "output": "",
}
SLAB = 'generate = "slab"\nshape = { size = ["5 mm", "3 mm", "2 mm"], h = "0.5 mm" }'
BRIDGED = 'file = "../bridged.vtu"\nthickness = "0.5 mm"\ncross_section = "0.4 mm^2"'
HEART = 'generate = "left_ventricle"\nshape = { scale = 0.3, h = "2.4 mm" }'
BOTH = 'intracellular = ["0.2 S/m", "0.05 S/m"]\nextracellular = ["0.4 S/m", "0.3 S/m"]'
TEN_TUSSCHER = '[cells.regions.{}]\nmodel = "tentusscher_2006_epi"'
SLOW = '[tissue.conductivity.regions.{}]\neffective = ["0.1 S/m"]'
MIXED = {"mesh": BRIDGED, "cells": TEN_TUSSCHER.format("bridge"), "regions": SLOW.format("upper")}
SHOCK = """
[[electrode]]
name = "plus"
kind = "voltage"
voltage = "500 mV"
node_set = "x0"
start = "2 ms"
[[electrode]]
kind = "ground"
node_set = "x1"
"""
BATH = """
[[region]]
name = "bath"
box = { min = ["4 mm", "0 mm", "0 mm"], max = ["5 mm", "3 mm", "2 mm"] }
[bath.regions.bath]
conductivity = ["0.8 S/m"]
[bidomain]
rtol = 1e-10
"""
SCAR = """
[fibres]
rule = "bayer2012"
[[region]]
name = "scar"
coordinates = { transmural = [0, 0.6], apicobasal = [0.3, 0.7] }
[[region]]
name = "border"
around = "scar"
width = "2 mm"
fraction = 0.5
[purkinje]
"""
KINDS = {
    "slab": {"mesh": SLAB},
    "mixed": MIXED,
    "cable": {"mesh": 'generate = "cable"\nshape = { length = "8 mm", h = "0.2 mm" }', "place": 'node_set = "x0"'},
    "sphere": {
        "mesh": 'file = "../sphere.vtu"',
        "sigma": 'effective = ["0.2 S/m"]',
        "place": 'sphere = { centre = ["0 mm", "0 mm", "-4 mm"], radius = "2 mm" }',
        "cells": TEN_TUSSCHER.format("north"),
        "regions": SLOW.format("north"),
    },
    "slab of second order": {"mesh": SLAB, "tissue": "order = 2"},
    "mixed of second order": {**MIXED, "tissue": "order = 2"},
    "bidomain with bath": {
        "mesh": SLAB,
        "sections": BATH + SHOCK,
        "sigma": BOTH,
        "tissue": 'model = "bidomain"\nmass = 0.25',
        "output": 'fields = ["V", "phi_e"]',
    },
    "reaction-eikonal": {"mesh": SLAB, "tissue": 'model = "reaction_eikonal"\nmass = 0.25'},
    "heart with scar and Purkinje": {
        "mesh": HEART,
        "sections": SCAR,
        "tissue": 'mass = 0.25\nwithout = ["scar"]',
        "place": 'node_set = "his"',
    },
}


def meshes() -> dict[str, Mesh]:
    """Mesh files that cases name, by file name."""
    return {"sphere.vtu": sphere(3, 4.0), "bridged.vtu": bridged()}


def cases(short: bool) -> dict[str, str]:
    """The cases as TOML by name; the short ones are two, and end sooner."""
    names = ("slab", "mixed of second order") if short else KINDS
    until = {"heart with scar and Purkinje": 32}
    return {
        name: CASE.format(**{"until": until.get(name, 8 if short else 12), **USUAL, **KINDS[name]}) for name in names
    }
