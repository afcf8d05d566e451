"""The cases that must be equal on any number of ranks: one of each kind of element, and of each physics."""

from hpc_twin.mesh.model import Mesh
from hpc_twin.verify.shapes import bridged, sphere

REST = """
[cells]
model = "mitchell_schaeffer_2003"
{cells}
[tissue]
until = "{until} ms"
dt = "0.1 ms"
splitting = "strang"
mass = 0.25
[tissue.conductivity]
effective = {sigma}
{regions}
[[stimulus]]
{place}
strength = "100000 uA/cm^3"
[output]
every = "4 ms"
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
"""
ALONG = '["0.2 S/m", "0.05 S/m"]'
CORNER = 'box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "2 mm", "1 mm"] }'
POLE = 'sphere = { centre = ["0 mm", "0 mm", "-4 mm"], radius = "2 mm" }'
TEN_TUSSCHER = '[cells.regions.{}]\nmodel = "tentusscher_2006_epi"'
SLOW = '[tissue.conductivity.regions.{}]\neffective = ["0.1 S/m"]'


def meshes() -> dict[str, Mesh]:
    """Mesh files that cases name, by file name."""
    return {"sphere.vtu": sphere(3, 4.0), "bridged.vtu": bridged()}


def cases(short: bool) -> dict[str, str]:
    """The cases as TOML by name; the short ones are two, and end sooner."""
    until = 8 if short else 12
    every = {
        "slab": _case('generate = "slab"\nshape = { size = ["5 mm", "3 mm", "2 mm"], h = "0.5 mm" }', until),
        "mixed": _case(
            'file = "../bridged.vtu"\nthickness = "0.5 mm"\ncross_section = "0.4 mm^2"', until,
            cells=TEN_TUSSCHER.format("bridge"), regions=SLOW.format("upper"),
        ),
        "cable": _case('generate = "cable"\nshape = { length = "8 mm", h = "0.2 mm" }', until, place='node_set = "x0"'),
        "sphere": _case(
            'file = "../sphere.vtu"', until, '["0.2 S/m"]', place=POLE,
            cells=TEN_TUSSCHER.format("north"), regions=SLOW.format("north"),
        ),
    }  # fmt: skip
    return {name: every[name] for name in ("slab", "mixed")} if short else every


def _case(mesh: str, until: int, sigma: str = ALONG, place: str = CORNER, cells: str = "", regions: str = "") -> str:
    return f"[mesh]\n{mesh}\n" + REST.format(until=until, sigma=sigma, place=place, cells=cells, regions=regions)
