"""Meshes made by rule, by name: what ``hpc-twin mesh generate NAME`` and a case's ``mesh.generate`` know."""

from collections.abc import Callable

from hpc_twin.mesh.generate.atria import right_atrium
from hpc_twin.mesh.generate.boxes import cable, sheet, slab
from hpc_twin.mesh.generate.hearts import biventricle, left_ventricle
from hpc_twin.mesh.generate.outflow import biventricle_outflow
from hpc_twin.mesh.model import Mesh

GENERATORS: dict[str, Callable[..., Mesh]] = {
    "slab": slab,
    "sheet": sheet,
    "cable": cable,
    "left_ventricle": left_ventricle,
    "biventricle": biventricle,
    "biventricle_outflow": biventricle_outflow,
    "right_atrium": right_atrium,
}

__all__ = [
    "GENERATORS",
    "biventricle",
    "biventricle_outflow",
    "cable",
    "left_ventricle",
    "right_atrium",
    "sheet",
    "slab",
]
