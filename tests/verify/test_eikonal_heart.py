"""A patient's ventricles activated from Purkinje trees, against the map that another code computed for them.

crtdemo of the Purkinje-learning project, its map by fim-python (Grandits 2021, J Open Source Softw 6:3641). Velocities
from its monodomain conductivities: v = alpha sqrt(sigma / beta), alpha = 2 cm/ms mS^-1/2, beta = 800/cm, sigma_il =
sigma_el = 3, sigma_it = 0.3, sigma_et = 1.2 mS/cm. Sources are the trees' ends, each with straight ways to the corners
of the tetrahedron around it; an element's fibre is the plain mean of its nodes', as there.
"""

from pathlib import Path

import meshio
import numpy as np
import pytest
import pyvista

from hpc_twin.mesh.partition import distribute
from hpc_twin.mesh.read import read
from hpc_twin.parallel import world
from hpc_twin.tissue.conductivity import harmonic, tensors
from hpc_twin.tissue.eikonal.solver import Eikonal

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "meshes" / "biv_crtdemo"
ALPHA, BETA = 2.0, 800.0


def junctions() -> tuple[np.ndarray, np.ndarray]:
    """Points [mm] and times [ms] of the trees' ends, without their roots."""
    found = []
    for side in ("lv", "rv"):
        tree = meshio.read(FOLDER / f"purkinje_{side}.vtu")
        times = tree.point_data["activation"]
        ends = np.bincount(tree.cells[0].data.ravel(), minlength=len(times)) == 1
        ends[np.argmin(times)] = False
        found.append(np.column_stack((tree.points[ends], times[ends])))
    every = np.vstack(found).astype(float)
    return every[:, :3], every[:, 3]


def starts(part, tensor: np.ndarray) -> np.ndarray:
    """(n_local,) times at which the trees reach nodes, inf elsewhere."""
    points, times = junctions()
    grid = pyvista.UnstructuredGrid({pyvista.CellType.TETRA: part.elements}, part.points)
    found = grid.find_closest_cell(points)  # some lie on the surface, outside by rounding
    way = part.points[part.elements[found]] - points[:, None]
    arrival = times[:, None] + np.sqrt(np.einsum("kni,kij,knj->kn", way, np.linalg.inv(tensor[found]), way))
    result = np.full(part.n_local, np.inf)
    np.minimum.at(result, part.elements[found], arrival)
    return result


def test_map_of_another_code():
    if not FOLDER.exists():
        pytest.skip("the reference folder with the patient's heart is not there")
    part = distribute(read(FOLDER / "biventricle.vtu", "mm"), world())
    sigma = harmonic((3.0, 0.3), (3.0, 1.2))
    squared = tuple(ALPHA**2 / BETA * 100 * s for s in sigma)  # mm^2/ms^2: 0.866 and 0.346 mm/ms
    nodal = meshio.read(FOLDER / "biventricle.vtu")
    fibres = nodal.point_data["fiber"][part.node_ids[part.elements]].mean(axis=1)
    tensor = tensors(part, squared, {}, fibres / np.linalg.norm(fibres, axis=1, keepdims=True), None)
    given = starts(part, tensor)
    nodes = np.flatnonzero(np.isfinite(given))
    T, _ = Eikonal(part, tensor).solve(nodes, given[nodes])
    reference = nodal.point_data["activation_reference_ms"][part.node_ids]
    apart = np.abs(T.local - reference)
    assert np.ptp(reference) > 140
    assert np.sqrt((apart**2).mean()) < 0.1 and (apart < 0.01).mean() > 0.99 and apart.max() < 3.0
