"""The numbers of a case that an equation needs: conductivities, chi Cm, extents of elements, the time step's scheme."""

from typing import Literal

import numpy as np

from hpc_twin.case import Case, ConductivityCase
from hpc_twin.case.purkinje import JUNCTION
from hpc_twin.case.purkinje import REGION as CABLE
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.conductivity import TensorField, harmonic, tensor_field
from hpc_twin.tissue.monodomain import Discretisation

Which = Literal["effective", "intracellular", "extracellular"]


def capacity(case: Case) -> float:
    """chi Cm of the muscle, uF/mm^3."""
    return case.tissue.surface_to_volume * case.tissue.capacitance


def membrane(case: Case, part: Part) -> np.ndarray:
    """(n_local_elements,) chi Cm, uF/mm^3: that of the muscle, of the cables, and none in their junctions."""
    same = np.broadcast_to(capacity(case), len(part.elements))
    if case.purkinje is None:
        return same
    result, tags = same.copy(), {name: tag for tag, name in part.region_names.items()}
    chi = case.purkinje.surface_to_volume or case.tissue.surface_to_volume
    result[part.regions == tags[CABLE]] = chi * case.tissue.capacitance
    result[part.regions == tags[JUNCTION]] = 0.0
    return result


def discretisation(case: Case) -> Discretisation:
    """The numbers of the time step and its solve."""
    tissue, solver = case.tissue, case.solver
    options = {key: str(value) for key, value in solver.options.items()}
    return Discretisation(tissue.theta, tissue.lumping, case.cells.substeps, solver.rtol, solver.tolerance, options)


def conductivity(case: Case, part: Part, which: Which, fibres) -> TensorField:
    """``which`` conductivity of the tissue's elements [mS/mm]; ``fibres`` as of ``directions``."""
    sigma = case.tissue.conductivity
    default = _values(sigma, which) if sigma.given else None
    return tensor_field(part, default, {name: _values(s, which) for name, s in sigma.regions.items()}, *fibres)


def _values(values: ConductivityCase, which: Which) -> tuple[float, ...]:
    """Of a section; effective from the other two where it is not given."""
    given = getattr(values, which)
    return harmonic(values.intracellular or (), values.extracellular or ()) if given is None else given


def extent(case: Case, part: Part) -> np.ndarray | None:
    """Thickness or cross-section of the elements of a mesh that mixes kinds; None where all are alike."""
    sizes = part.sizes
    mixed = len(set().union(*part.comm.allgather(set(np.unique(sizes).tolist())))) > 1
    if not mixed:
        return None
    usual = np.select([sizes == 3, sizes == 2], [case.mesh.thickness, case.mesh.cross_section], 1.0)
    return usual if part.extents is None else np.where(np.isnan(part.extents), usual, part.extents)
