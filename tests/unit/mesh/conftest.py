from pathlib import Path

import numpy as np
import pytest

from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.model import Mesh

MESHES = Path(__file__).parents[4] / "shared" / "reference" / "meshes"


@pytest.fixture
def reference():
    """A function that gives the path of a reference mesh, or skips the test."""

    def find(name: str) -> Path:
        if not (MESHES / name).exists():
            pytest.skip(f"reference mesh {name} is not here")
        return MESHES / name

    return find


@pytest.fixture
def block() -> Mesh:
    """A small slab with regions, sheets and names: 60 nodes, 144 tetrahedra."""
    mesh = slab((4, 3, 2), 1.0)
    regions = np.where(mesh.points[mesh.elements].mean(axis=1)[:, 0] < 2, 1, 2).astype(np.int32)
    angle = np.linspace(0, 1, mesh.n_elements)
    fibres = np.column_stack((np.cos(angle), np.sin(angle), np.zeros_like(angle)))
    sheets = np.tile((0.0, 0.0, 1.0), (mesh.n_elements, 1))
    return Mesh(mesh.points, mesh.elements, regions, fibres, sheets, {1: "left wall", 2: "right"}, mesh.node_sets)
