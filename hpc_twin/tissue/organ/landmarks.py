"""Landmarks of a ventricular mesh, the same on any number of ranks: which ventricle is where, apex, long axis."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hpc_twin.fem import Field, Matrix
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over, min_over, sum_over
from hpc_twin.tissue.organ.laplace import harmonics, highest, laplacian, on_elements, patch_mean, require


@dataclass(frozen=True)
class Ventricles:
    """A wall of tetrahedra around one cavity (node sets endo, epi, base) or two (lv, rv, epi, base).

    Each landmark is found when it is first asked for; asking is collective.

    fields        phi of lv and rv, or of endo: harmonic, 1 on that surface and 0 on the others, epi among them
    right         (n_local_elements,) bool, the RV: where phi_lv is the least of phi_lv, phi_rv and
                  phi_epi = 1 - phi_lv - phi_rv, for the free wall of the RV does not touch the LV's cavity
    left_nodes    (n_local,) bool: nodes with an element of the LV, to which the septum belongs
    centre, axis  (3,), (3,): of the LV's endocardium [mm], and the unit long axis from there to the centre of the base
                  as far as it is the LV's
    apex          local index, as an array of length one, or zero on ranks that do not see it, of the epicardial node
                  at the axis's other end: seen from the base, the nearest in angle, on a tie the first in the mesh.
                  How far the RV reaches does not matter; one apex serves both ventricles, as in Bayer et al. (2018),
                  Med Image Anal 45:83
    psi           harmonic, 0 at the apex and 1 on the base

    Raises InputError for missing node sets or elements that are not tetrahedra.
    """

    part: Part

    def __post_init__(self):
        part = self.part
        if part.elements.shape[1] != 4 or min_over(part.comm, int(part.sizes.min(initial=4))) < 4:
            raise InputError(
                "ventricular fibres and coordinates need a wall of tetrahedra, the mesh has triangles or lines"
            )
        require(part, [*self.cavities, "epi", "base"])

    @property
    def both(self) -> bool:
        """Whether the surfaces are those of two ventricles (lv, rv) and not of one (endo)."""
        return "lv" in self.part.node_sets or "rv" in self.part.node_sets

    @property
    def cavities(self) -> tuple[str, ...]:
        """Node sets of the endocardia, the left one first."""
        return ("lv", "rv") if self.both else ("endo",)

    @cached_property
    def laplacian(self) -> Matrix:
        """Of ``harmonics`` on this wall."""
        return laplacian(self.part)

    @cached_property
    def fields(self) -> list[Field]:
        """One for each of ``cavities``."""
        surfaces = (*self.cavities, "epi")
        problems = [{name: float(name == one) for name in surfaces} for one in self.cavities]
        return harmonics(self.part, problems, "phi", self.laplacian)

    @cached_property
    def right(self) -> np.ndarray:
        """Elements of the RV, none with one ventricle."""
        if not self.both:
            return np.zeros(len(self.part.elements), bool)
        lv, rv = (field.local for field in self.fields)
        phi = np.column_stack((lv, rv, 1 - lv - rv))
        lv, rv, epi = patch_mean(self.part, on_elements(self.part, phi)).T
        wall = on_elements(self.part, np.column_stack((lv, np.minimum(rv, epi))))
        return wall[:, 0] < wall[:, 1]

    @cached_property
    def left_nodes(self) -> np.ndarray:
        """All with one ventricle."""
        return highest(self.part, (~self.right).astype(float)) > 0

    @cached_property
    def centre(self) -> np.ndarray:
        """Mean of nodes."""
        return mean_place(self.part, self.part.node_sets[self.cavities[0]])

    @cached_property
    def axis(self) -> np.ndarray:
        """Upwards."""
        way = self._left_base - self.centre
        return way / np.linalg.norm(way)

    @cached_property
    def apex(self) -> np.ndarray:
        """On the epicardium."""
        part, nodes = self.part, self.part.node_sets["epi"]
        way = self._left_base - part.points[nodes]
        cosine = way @ self.axis / np.linalg.norm(way, axis=1)
        highest = max_over(part.comm, float(cosine.max(initial=-1.0)))
        ids = part.node_ids[nodes[cosine > highest - 1e-12]]
        first = min_over(part.comm, int(ids.min(initial=np.iinfo(np.int64).max)))
        return np.flatnonzero(part.node_ids == first)

    @cached_property
    def psi(self) -> Field:
        """Apicobasal."""
        ends = replace(self.part, node_sets={"apex": self.apex, "base": self.part.node_sets["base"]})
        return harmonics(ends, [{"apex": 0.0, "base": 1.0}], "apicobasal", self.laplacian)[0]

    @cached_property
    def _left_base(self) -> np.ndarray:
        """(3,) centre of the LV's base [mm]."""
        nodes = self.part.node_sets["base"]
        nodes = nodes[self.left_nodes[nodes]]
        if sum_over(self.part.comm, len(nodes)) == 0:
            raise InputError("no node of the node set 'base' lies in the left ventricle: is it that of both?")
        return mean_place(self.part, nodes)


def mean_place(part: Part, nodes: np.ndarray) -> np.ndarray:
    """(3,) mean position [mm] of local ``nodes``, each counted by its owner; collective."""
    nodes = nodes[nodes < part.n_owned]
    total = sum_over(part.comm, np.append(part.points[nodes].sum(axis=0), float(len(nodes))))
    return total[:3] / total[3]
