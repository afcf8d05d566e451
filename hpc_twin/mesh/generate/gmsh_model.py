"""A quiet gmsh for one model: ellipsoids, and the tetrahedra that fill what is made of them."""

from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

from hpc_twin.parallel import InputError

OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,  # more threads give another mesh every time
    "Mesh.Algorithm": 6,  # frontal Delaunay on surfaces
    "Mesh.Algorithm3D": 1,  # Delaunay
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.Optimize": 1,
    "Mesh.OptimizeThreshold": 0.6,  # Netgen's optimiser gains little more and takes four times as long
}

MEDIAN = 0.85  # gmsh's size for surfaces that makes h the median edge of the tetrahedra


@contextmanager
def gmsh_model(name: str):
    """Yield gmsh with an empty model that ends with the block; without its configuration files and signal handlers.

    Raises InputError with gmsh's own words when it cannot build what was asked, or cannot be loaded.
    """
    try:
        import gmsh  # loads a large library: only those who generate pay for it
    except (ImportError, OSError) as error:
        raise InputError(f"{name}: gmsh cannot be loaded ({error}); on Debian: apt install libglu1-mesa") from None
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        for option, value in OPTIONS.items():
            gmsh.option.setNumber(option, value)
        gmsh.model.add(name)
        yield gmsh
    except InputError:
        raise
    except Exception as error:  # the only type that gmsh raises
        raise InputError(f"{name}: gmsh cannot mesh this shape ({error}); try other sizes or a smaller h") from error
    finally:
        gmsh.finalize()


def ellipsoid(gmsh, centre, axes) -> tuple[int, int]:
    """Add a solid ellipsoid with semi-axes ``axes`` along x, y, z [mm]; return gmsh's (dimension, tag)."""
    body = (3, gmsh.model.occ.addSphere(*centre, 1.0))
    gmsh.model.occ.dilate([body], *centre, *axes)
    return body


def cut_above(gmsh, bodies, height: float, extent: float):
    """Cut off what lies above z = ``height`` [mm] of bodies that reach no further than ``extent`` from the origin."""
    block = gmsh.model.occ.addBox(-extent, -extent, height, 2 * extent, 2 * extent, extent)
    return gmsh.model.occ.cut(bodies, [(3, block)])[0]


def tetrahedra(gmsh, h: float) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Mesh the model with edges of median length ``h`` [mm], to a few per cent.

    Returns points (n_nodes, 3), elements (n_elements, 4), and the nodes of each of its faces.
    """
    gmsh.model.occ.synchronize()
    gmsh.option.setNumber("Mesh.MeshSizeMin", MEDIAN * h)
    gmsh.option.setNumber("Mesh.MeshSizeMax", MEDIAN * h)
    gmsh.model.mesh.generate(3)
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    _, corners = gmsh.model.mesh.getElementsByType(4)
    used, elements = np.unique(corners.astype(np.int64), return_inverse=True)
    position = np.full(int(tags.max()) + 1, -1, dtype=np.int64)
    position[tags.astype(np.int64)] = np.arange(len(tags))
    points = coordinates.reshape(-1, 3)[position[used]]
    volumes = gmsh.model.getEntities(3)
    faces = [
        np.searchsorted(used, np.unique(gmsh.model.mesh.getNodes(2, tag, includeBoundary=True)[0].astype(np.int64)))
        for _, tag in gmsh.model.getBoundary(volumes, oriented=False)
    ]
    return points, elements.reshape(-1, 4), faces


def triangles(gmsh, h: float, wanted: Callable[[np.ndarray], bool]) -> tuple[np.ndarray, np.ndarray]:
    """Mesh the model's faces whose nodes (n, 3) are ``wanted``, with edges of about ``h`` [mm].

    Returns points (n_nodes, 3) and elements (n_elements, 3), all of one orientation within a face.
    """
    gmsh.model.occ.synchronize()
    gmsh.option.setNumber("Mesh.MeshSizeMin", h)
    gmsh.option.setNumber("Mesh.MeshSizeMax", h)
    gmsh.model.mesh.generate(2)
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    place = dict(zip(tags.tolist(), coordinates.reshape(-1, 3), strict=True))
    corners = [gmsh.model.mesh.getElementsByType(2, tag)[1] for _, tag in gmsh.model.getEntities(2)]
    kept = [nodes for nodes in corners if wanted(np.array([place[tag] for tag in np.unique(nodes).tolist()]))]
    used, elements = np.unique(np.concatenate(kept).astype(np.int64), return_inverse=True)
    return np.array([place[tag] for tag in used.tolist()]), elements.reshape(-1, 3)
