"""Exodus II files (.exo, .e): blocks are regions, node and side sets are node sets.

Schema: Schoof and Yarberry (1994), "EXODUS II: a finite element data model", SAND92-2137, appendix A. Ours because
meshio drops the block ids, block names and side sets.
"""

import meshio
import netCDF4
import numpy as np

from hpc_twin.parallel import InputError

KINDS = {
    "TET": "tetra",
    "TETRA": "tetra",
    "TRI": "triangle",
    "TRIANGLE": "triangle",
    "TRISHELL": "triangle",
    "SHELL3": "triangle",
    "BAR": "line",
    "BEAM": "line",
    "EDGE": "line",
    "TRUSS": "line",
    "SPHERE": "vertex",
}
CORNERS = {"tetra": 4, "triangle": 3, "line": 2, "vertex": 1}
SIDES = np.array([[0, 1, 3], [1, 2, 3], [0, 2, 3], [0, 1, 2]])  # of a tetrahedron, in the order of the manual's table


def read_exodus(path) -> meshio.Mesh:
    """Read the mesh and its element data (first time step). Raises InputError for elements that are not simplices."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        cells, ids = _blocks(file, path)
        names = names_of(file, "eb_names", len(ids))
        data = {"region": [np.full(len(nodes), tag) for (_, nodes), tag in zip(cells, ids, strict=True)]}
        return meshio.Mesh(
            _points(file),
            cells,
            point_data=_nodal(file),
            cell_data=data | _elemental(file, cells),
            field_data={
                name: np.array([tag, CORNERS[kind] - 1])
                for name, tag, (kind, _) in zip(names, ids, cells, strict=True)
                if name
            },
            point_sets=_node_sets(file) | _side_sets(file, cells),
        )


def _points(file) -> np.ndarray:
    if "coord" in file.variables:
        return file["coord"][:].T
    return np.column_stack([file[name][:] for name in ("coordx", "coordy", "coordz") if name in file.variables])


def _blocks(file, path) -> tuple[list[tuple[str, np.ndarray]], np.ndarray]:
    """Blocks as (meshio kind, node indices from 0), and their ids."""
    count = len(file.dimensions["num_el_blk"])
    ids = file["eb_prop1"][:] if "eb_prop1" in file.variables else np.arange(1, count + 1)
    cells, kept = [], []
    for number in range(1, count + 1):
        if f"connect{number}" in file.variables:  # a block without elements has none
            nodes = file[f"connect{number}"]
            cells.append((block_kind(nodes, path), nodes[:].astype(np.int64) - 1))
            kept.append(number - 1)
    cells = [(kind, nodes[:, : CORNERS[kind]]) for kind, nodes in cells]
    return cells, np.asarray(ids)[kept]


def block_kind(nodes, path) -> str:
    """meshio's name for the elements of the block ``nodes``, a variable. Raises InputError for no simplices."""
    name = str(nodes.elem_type).upper().strip("\0 ")
    letters = name.rstrip("0123456789")
    if name == "SHELL3" or (letters == "SHELL" and nodes.shape[1] == 3):
        return "triangle"
    if letters not in KINDS:
        raise InputError(
            f"{path}: block {nodes.name.removeprefix('connect')} holds {len(nodes)} elements of kind {name[:20]}; "
            "hpc_twin computes on tetrahedra, triangles and lines: split the others first"
        )
    return KINDS[letters]


def names_of(file, variable: str, count: int) -> list[str]:
    """The ``count`` texts in ``variable``; empty where there are none."""
    if variable not in file.variables:
        return [""] * count
    rows = [bytes(row).split(b"\0")[0].decode(errors="replace").strip() for row in file[variable][:]]
    return (rows + [""] * count)[:count]


def _nodal(file) -> dict[str, np.ndarray]:
    names = names_of(file, "name_nod_var", len(file.dimensions.get("num_nod_var", ())))
    values = {name: f"vals_nod_var{k + 1}" for k, name in enumerate(names)}
    return _vectors({name: file[key][0] for name, key in values.items() if key in file.variables and len(file[key])})


def _elemental(file, cells) -> dict[str, list[np.ndarray]]:
    """Element variables by block, where every block has them."""
    names = names_of(file, "name_elem_var", len(file.dimensions.get("num_elem_var", ())))
    flat = {}
    for k, name in enumerate(names):
        keys = [f"vals_elem_var{k + 1}eb{block + 1}" for block in range(len(cells))]
        if all(key in file.variables and len(file[key]) for key in keys):
            flat[name] = np.concatenate([file[key][0] for key in keys])
    cuts = np.cumsum([len(nodes) for _, nodes in cells])[:-1]
    return {name: np.split(values, cuts) for name, values in _vectors(flat).items()}


def _vectors(scalars: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put components together: fibre_x, fibre_y, fibre_z (or fibreX ...) make the vector fibre."""
    vectors = dict(scalars)
    for name in scalars:
        stem, last = name[:-1], name[-1:]
        parts = [stem + letter for letter in ("XYZ" if last == "X" else "xyz")]
        if last in ("x", "X") and all(part in scalars for part in parts):
            vectors[stem.rstrip("_") or name] = np.column_stack([scalars[part] for part in parts])
    return vectors


def _node_sets(file) -> dict[str, np.ndarray]:
    count = len(file.dimensions.get("num_node_sets", ()))
    names = names_of(file, "ns_names", count)
    keys = [f"node_ns{k + 1}" for k in range(count)]
    return {
        name or key.replace("node_ns", "node set "): file[key][:].astype(np.int64) - 1
        for name, key in zip(names, keys, strict=True)
        if key in file.variables
    }


def _side_sets(file, cells) -> dict[str, np.ndarray]:
    """Side sets on a mesh of tetrahedra as the nodes of those sides."""
    if any(kind != "tetra" for kind, _ in cells):
        return {}
    elements = np.concatenate([nodes for _, nodes in cells])
    count = len(file.dimensions.get("num_side_sets", ()))
    sets = {}
    for k, name in enumerate(names_of(file, "ss_names", count)):
        if f"elem_ss{k + 1}" in file.variables:
            sides = SIDES[file[f"side_ss{k + 1}"][:] - 1]
            sets[name or f"side set {k + 1}"] = np.unique(elements[file[f"elem_ss{k + 1}"][:][:, None] - 1, sides])
    return sets
