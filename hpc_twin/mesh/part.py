"""The share of one rank in a distributed mesh: what the science sees."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

TABLES = ("elements", "regions", "element_ids")


@dataclass(frozen=True)
class Part:
    """Local arrays of one rank. Nodes: owned first, then ghosts. Elements: owned first, then those of other ranks
    that touch a node owned here, so that every row of an owned node can be assembled without communication.

    points       (n_local, 3) mm
    elements     (n_local_elements, width) int32 local nodes at the corners, -1 pads elements of lower dimension
    midpoints    (n_local_elements, edges) local nodes on the edges as in Mesh, or None in a mesh of order 1
    regions      (n_local_elements,) integers;  fibres, sheets  (n_local_elements, 3) or None
    extents      (n_local_elements,) thickness or cross-section, NaN where the case says it, or None: all by the case
    node_ids     (n_local,) int64, the node's index in the mesh as it was read
    element_ids  (n_local_elements,) likewise, of the type that mesh/block.py's ``integer`` says; owned elements'
                 ascend
    global_ids   (n_local,) row in PETSc's numbering: rank by rank, owned nodes contiguous
    node_sets    name -> local node indices (owned and ghost)
    coordinates  name -> (n_local,) where each node is in the organ, where a case asks for it; NaN where there is none
    """

    comm: Any
    points: np.ndarray
    elements: np.ndarray
    regions: np.ndarray
    node_ids: np.ndarray
    element_ids: np.ndarray
    global_ids: np.ndarray
    n_owned: int
    n_owned_elements: int
    n_nodes: int
    n_elements: int
    fibres: np.ndarray | None = None
    sheets: np.ndarray | None = None
    extents: np.ndarray | None = None
    midpoints: np.ndarray | None = None
    region_names: dict[int, str] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    coordinates: dict[str, np.ndarray] = field(default_factory=dict)
    checksum: str = ""

    @property
    def n_local(self) -> int:
        """Owned and ghost nodes."""
        return len(self.points)

    @property
    def sizes(self) -> np.ndarray:
        """(n_local_elements,) number of corners of each element."""
        return (self.elements >= 0).sum(axis=1)

    @property
    def order(self) -> int:
        """Of the shape functions: 1, or 2 when there are nodes on the edges."""
        return 1 if self.midpoints is None else 2

    @property
    def element_nodes(self) -> np.ndarray:
        """(n_local_elements, width + edges) all nodes of each element, corners first, -1 where there is none."""
        return self.elements if self.midpoints is None else np.hstack((self.elements, self.midpoints))

    def let_go(self) -> None:
        """Free the elements' corners, regions and ids: a time step needs matrices alone. Who asks for them then is told
        so by an AttributeError."""
        for name in TABLES:
            vars(self).pop(name, None)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str):
            raise AttributeError(f"Part has no {name}, or not any more: let_go frees the tables of elements")
