"""The mesh as it is read or generated: geometry, regions and fibres, and nothing else."""

from dataclasses import dataclass, field

import numpy as np

from hpc_twin.mesh.digest import checksum, digest_of

NAMES = {2: "line", 3: "triangle", 4: "tetrahedron"}


@dataclass(frozen=True)
class Mesh:
    """A simplex mesh, whole, on one rank. Lengths in mm.

    points    (n_nodes, 3) float64
    elements  (n_elements, width) int64, node indices of corners from 0; ``width`` is 4, 3 or 2, and an element of
              lower dimension in a mixed mesh ends in -1
    regions   (n_elements,) int32, the element tags of the file, 0 where it has none
    fibres, sheets  (n_elements, 3) float64 unit vectors, or None
    region_names    tag -> name, where the file names them
    node_sets       name -> sorted node indices (for example "epi", "lv", "rv", "base")
    file_ids        (n_nodes,) each node's index in the file, or None while it is the node's own index
    midpoints       (n_elements, edges of a ``width``-simplex) nodes on the midpoints of the edges, in the order of
                    mesh/order.py and after all corners, -1 where an element has no such edge; None in a mesh of order 1
    extents         (n_elements,) thickness [mm] of triangles, cross-section [mm^2] of lines, NaN where the case says it
    notes           what was decided on the way here, one sentence each, for the user to read
    """

    points: np.ndarray
    elements: np.ndarray
    regions: np.ndarray
    fibres: np.ndarray | None = None
    sheets: np.ndarray | None = None
    region_names: dict[int, str] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    file_ids: np.ndarray | None = None
    extents: np.ndarray | None = None
    midpoints: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.points)

    @property
    def n_elements(self) -> int:
        """Number of elements of all kinds."""
        return len(self.elements)

    @property
    def width(self) -> int:
        """Nodes of the largest element: 4 tetrahedra, 3 triangles, 2 lines."""
        return self.elements.shape[1]

    @property
    def sizes(self) -> np.ndarray:
        """(n_elements,) number of corners of each element."""
        return (self.elements >= 0).sum(axis=1)

    @property
    def order(self) -> int:
        """1, or 2 when there are nodes on the edges."""
        return 1 if self.midpoints is None else 2

    @property
    def n_corners(self) -> int:
        """Number of nodes that are corners of elements; they come first."""
        return self.n_nodes if self.midpoints is None else int(self.elements.max()) + 1

    @property
    def element_nodes(self) -> np.ndarray:
        """(n_elements, width + midpoints) all nodes of each element, corners first."""
        return self.elements if self.midpoints is None else np.hstack((self.elements, self.midpoints))

    def checksum(self) -> str:
        """Digest of points, elements, regions, fibres and extents: tells whether two runs had the same mesh."""
        given = {"nodes": self.element_nodes, "regions": self.regions, "fibres": self.fibres, "sheets": self.sheets,
                 "extents": self.extents}  # fmt: skip
        rows = {name: values for name, values in given.items() if values is not None}
        of_nodes = digest_of(np.arange(self.n_nodes), {"points": self.points})
        return checksum(of_nodes + digest_of(np.arange(self.n_elements), rows))
