"""Write a mesh as .vtu: opens in ParaView, and ``read`` gives the same mesh back."""

import os
from pathlib import Path

import meshio
import numpy as np

from hpc_twin.mesh.convert import REGION, SET
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError

KINDS = {2: "line", 3: "triangle", 4: "tetra"}


def write(mesh: Mesh, path: str | os.PathLike) -> None:
    """Write ``mesh`` (mm) to ``path``, a .vtu file, under a temporary name that is then renamed.

    Cell data: region, fibre, sheet, and a mask "region TAG NAME" per named region. Point data: a mask "node set NAME"
    per node set. Raises InputError for another suffix and for a path that cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".vtu":
        raise InputError(f"{target}: meshes are written as .vtu, found '{target.suffix}'")
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.vtu")
    try:
        meshio.vtu.write(temporary, _blocks(mesh), compression="zlib")
        temporary.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def _blocks(mesh: Mesh) -> meshio.Mesh:
    """Runs of elements of one kind, in the order of the mesh, with their data."""
    sizes = mesh.sizes
    cuts = np.flatnonzero(np.diff(sizes)) + 1
    runs = np.split(mesh.elements, cuts)
    cells = [(KINDS[size], run[:, :size]) for size, run in zip(sizes[[0, *cuts]].tolist(), runs, strict=True)]
    data = {name: np.split(values, cuts) for name, values in _cell_data(mesh).items()}
    return meshio.Mesh(mesh.points, cells, point_data=_masks(mesh), cell_data=data)


def _cell_data(mesh: Mesh) -> dict[str, np.ndarray]:
    data = {"region": mesh.regions}
    if mesh.fibres is not None:
        data["fibre"] = mesh.fibres
    if mesh.sheets is not None:
        data["sheet"] = mesh.sheets
    if (mesh.elements[:, -1] < 0).any():
        data["tissue"] = np.ones(mesh.n_elements, dtype=np.uint8)  # lines and triangles on larger elements are no marks
    for tag, name in mesh.region_names.items():
        data[f"{REGION}{tag} {name}"] = (mesh.regions == tag).astype(np.uint8)
    return data


def _masks(mesh: Mesh) -> dict[str, np.ndarray]:
    masks = {}
    for name, nodes in mesh.node_sets.items():
        masks[SET + name] = np.zeros(mesh.n_nodes, dtype=np.uint8)
        masks[SET + name][nodes] = 1
    return masks
