"""Fibres along or around a harmonic field between two places: atria and their bundles, region by region."""

from dataclasses import replace

import numpy as np

from hpc_twin.fem import indicator
from hpc_twin.fem.elements import edge_vectors
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over
from hpc_twin.tissue.organ.laplace import laplace, smooth_gradients

TINY = 1e-12


def fibres_between(part: Part, begin: np.ndarray, end: np.ndarray, around: bool) -> np.ndarray:
    """(n_local_elements, 3) unit fibres from owned nodes ``begin`` to ``end``, zero without a field; collective.

    With phi harmonic, 0 at begin and 1 at end, and n the normal of a triangle:
        f = grad phi / |grad phi|,   or around it  n x grad phi / |grad phi|
    the way Piersanti et al. (2021), Comput Methods Appl Mech Engrg 373:113468, sec. 3, direct the bundles of atria.
    Raises InputError for ``around`` on elements that are not triangles.
    """
    sets = {"begin": begin, "end": end}
    ends = replace(part, node_sets={name: np.flatnonzero(indicator(part, nodes)) for name, nodes in sets.items()})
    slopes = smooth_gradients(part, [laplace(ends, {"begin": 0.0, "end": 1.0})])[0]
    triangles = np.flatnonzero(part.sizes == 3)
    if around and max_over(part.comm, len(part.elements) - len(triangles)):
        raise InputError("fibres.regions: around = true needs a surface, but the mesh has tetrahedra or lines")
    a, b = edge_vectors(part.points, part.elements[triangles, :3]).transpose(1, 0, 2)
    normals = _unit(np.cross(a, b))
    along = slopes[triangles]
    slopes[triangles] = along - (along * normals).sum(axis=1, keepdims=True) * normals
    if around:
        slopes[triangles] = np.cross(normals, slopes[triangles])
    return _unit(slopes)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > TINY)
