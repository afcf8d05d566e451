"""Fibre and sheet directions as a case wants them."""

import numpy as np

from hpc_twin.case import FibreCase
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.run.places import nodes_of
from hpc_twin.tissue.between import fibres_between
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.doste import OutflowAngles, outflow_fibres
from hpc_twin.tissue.fibres import FibreAngles, ventricular_fibres

Directions = tuple[np.ndarray | None, np.ndarray | None]


def directions(part: Part, fibres: FibreCase) -> Directions:
    """(n_local_elements, 3) fibres and sheets, or None, as the case wants them."""
    rule = fibres.rule or ("file" if part.fibres is not None else "none")
    return RULES[rule](part, fibres)


def _none(part: Part, fibres: FibreCase) -> Directions:
    return None, None


def _file(part: Part, fibres: FibreCase) -> Directions:
    if part.fibres is None:
        raise InputError('fibres.rule: found "file", but the mesh holds no fibres: use "bayer2012" or "constant"')
    return part.fibres, part.sheets


def _constant(part: Part, fibres: FibreCase) -> Directions:
    unit = np.asarray(fibres.direction, float)
    return np.tile(unit / np.linalg.norm(unit), (len(part.elements), 1)), None


def _angles(wanted) -> FibreAngles:
    return FibreAngles(wanted.alpha_endo, wanted.alpha_epi, wanted.beta_endo, wanted.beta_epi)


def _bayer(part: Part, fibres: FibreCase) -> Directions:
    return ventricular_fibres(part, _angles(fibres))


def _doste(part: Part, fibres: FibreCase) -> Directions:
    return outflow_fibres(part, OutflowAngles(_angles(fibres), _angles(fibres.rv), _angles(fibres.tract)))


def _between(part: Part, fibres: FibreCase) -> Directions:
    found = np.zeros((len(part.elements), 3))
    for name, region in fibres.regions.items():
        key = f"fibres.regions.{name}"
        begin, end = (nodes_of(part, getattr(region, side), f"{key}.{side}") for side in ("begin", "end"))
        here = np.isin(part.regions, region_tags(part, name, key))
        found[here] = fibres_between(part, begin, end, region.around)[here]
    bare = ~found.any(axis=1) & (part.sizes > 2)  # a line has one direction of its own
    missing = sum_over(part.comm, int(bare[: part.n_owned_elements].sum()))
    if missing:
        raise InputError(f"fibres.regions: {missing:,} elements got no fibre; every region needs its begin and end")
    return found, None


RULES = {
    "none": _none,
    "file": _file,
    "constant": _constant,
    "bayer2012": _bayer,
    "doste2019": _doste,
    "between": _between,
}
