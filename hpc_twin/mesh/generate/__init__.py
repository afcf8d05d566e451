"""Meshes made by rule, by name: what ``hpc-twin mesh generate NAME`` and a case's ``mesh.generate`` know."""

from hpc_twin.mesh.generate.boxes import cable, sheet, slab
from hpc_twin.mesh.generate.hearts import biventricle, left_ventricle

GENERATORS = {
    "slab": slab,
    "sheet": sheet,
    "cable": cable,
    "left_ventricle": left_ventricle,
    "biventricle": biventricle,
}

__all__ = ["GENERATORS", "biventricle", "cable", "left_ventricle", "sheet", "slab"]
