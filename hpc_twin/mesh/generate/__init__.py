"""Meshes made by rule, by name: what ``hpc-twin mesh generate NAME`` and a case's ``mesh.generate`` know."""

from hpc_twin.mesh.generate.boxes import cable, sheet, slab

GENERATORS = {
    "slab": slab,
    "sheet": sheet,
    "cable": cable,
}

__all__ = ["GENERATORS", "cable", "sheet", "slab"]
