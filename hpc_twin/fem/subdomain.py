"""A part of the mesh on which an equation lives: the tissue in its torso, without its scar."""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.fem.field import Field
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import sum_over


@dataclass(frozen=True)
class Subdomain:
    """Some of the elements of ``whole`` and their nodes, as a part of their own.

    part      what lives here sees this: owned nodes, then ghosts, numbered without gaps; node_ids and element_ids are
              those of the whole mesh
    nodes     (part.n_local,) local nodes of ``whole``, owned first
    elements  (n_local_elements of part,) local elements of ``whole``
    """

    whole: Part
    part: Part
    nodes: np.ndarray
    elements: np.ndarray

    @property
    def owned(self) -> np.ndarray:
        """(part.n_owned,) owned nodes of ``whole``."""
        return self.nodes[: self.part.n_owned]

    @classmethod
    def all_of(cls, whole: Part) -> "Subdomain":
        """Nothing left out: ``part`` is ``whole``."""
        return cls(
            whole, whole, np.arange(whole.n_local, dtype=np.int32), np.arange(len(whole.elements), dtype=np.int32)
        )

    @property
    def everything(self) -> bool:
        """Whether nothing was left out, on any rank."""
        return self.part is self.whole

    def directed(self, fibres: np.ndarray | None, sheets: np.ndarray | None) -> "Subdomain":
        """The same with these directions (n_local_elements of part, 3) or None; outside, the file's or zero."""
        part = replace(self.part, fibres=fibres, sheets=sheets)
        if self.everything:
            return Subdomain(part, part, self.nodes, self.elements)
        around = (self._around(self.whole.fibres, fibres), self._around(self.whole.sheets, sheets))
        return Subdomain(replace(self.whole, fibres=around[0], sheets=around[1]), part, self.nodes, self.elements)

    def _around(self, outside: np.ndarray | None, inside: np.ndarray | None) -> np.ndarray | None:
        if inside is None:
            return outside
        result = np.zeros((len(self.whole.elements), 3)) if outside is None else outside.copy()
        result[self.elements] = inside
        return result

    def let_go(self) -> None:
        """Free the tables of elements, as ``Part.let_go`` does."""
        self.whole.let_go()
        self.part.let_go()
        vars(self).pop("elements", None)

    def spread(self, values: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Write owned ``values`` (part.n_owned,) to their places in ``whole`` (whole.n_owned,); the rest stays."""
        whole[self.owned] = values
        return whole


def subdomain(whole: Part, keep: np.ndarray) -> Subdomain:
    """The elements where ``keep`` (n_local_elements,) is true, on every rank that sees them; collective.

    A rank may be left without nodes. Where all elements are kept, ``part`` is ``whole``.
    """
    if sum_over(whole.comm, int((~keep).sum())) == 0:
        return Subdomain.all_of(whole)
    return _restricted(whole, np.flatnonzero(keep))


def corners(whole: Part) -> Subdomain:
    """All elements with the nodes at their corners only: ``whole`` as a mesh of order 1; collective."""
    if whole.midpoints is None:
        return Subdomain.all_of(whole)
    return _restricted(replace(whole, midpoints=None), np.arange(len(whole.elements)))


def _restricted(whole: Part, elements: np.ndarray) -> Subdomain:
    width, used = whole.elements.shape[1], whole.element_nodes[elements]
    nodes = np.unique(used[used >= 0])
    n_owned = int(np.searchsorted(nodes, whole.n_owned))
    position = np.full(whole.n_local + 1, -1, np.int32)  # the last entry keeps the padding -1
    position[nodes] = np.arange(len(nodes))
    n_owned_elements = int((elements < whole.n_owned_elements).sum())
    part = replace(
        whole,
        points=whole.points[nodes],
        elements=position[used][:, :width],
        midpoints=None if whole.midpoints is None else position[used][:, width:],
        regions=whole.regions[elements],
        fibres=None if whole.fibres is None else whole.fibres[elements],
        sheets=None if whole.sheets is None else whole.sheets[elements],
        extents=None if whole.extents is None else whole.extents[elements],
        node_ids=whole.node_ids[nodes],
        element_ids=whole.element_ids[elements],
        global_ids=_numbered(whole, nodes, n_owned),
        n_owned=n_owned,
        n_owned_elements=n_owned_elements,
        n_nodes=sum_over(whole.comm, n_owned),
        n_elements=sum_over(whole.comm, n_owned_elements),
        node_sets={name: _inside(position, members) for name, members in whole.node_sets.items()},
        coordinates={name: values[nodes] for name, values in whole.coordinates.items()},
    )
    return Subdomain(whole, part, nodes, elements)


def _numbered(whole: Part, nodes: np.ndarray, n_owned: int) -> np.ndarray:
    """Rows rank by rank of the nodes that are left; owners tell those of ghosts (exact as floats below 2^53)."""
    first = whole.comm.scan(n_owned) - n_owned
    number = Field(whole, "row", "1", -1.0)
    number.owned[nodes[:n_owned]] = first + np.arange(n_owned)
    number.touched()
    number.update_ghosts()
    return number.local[nodes].astype(np.int64)


def _inside(position: np.ndarray, members: np.ndarray) -> np.ndarray:
    found = position[members]
    return found[found >= 0]
