"""Conductivity tensors of the elements from values per region and fibre directions."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over, nearest

Values = Sequence[float]
SECTION = "tissue.conductivity"


def harmonic(intracellular: Values, extracellular: Values) -> tuple[float, ...]:
    """Monodomain conductivity sigma_i sigma_e / (sigma_i + sigma_e) along each axis, mS/mm.

    Exact for equal anisotropy ratios and for plane waves along an axis: Niederer et al. 2011, eq. (2.4).
    """
    n = max(len(intracellular), len(extracellular))
    pairs = zip(_extended(intracellular, n), _extended(extracellular, n), strict=True)
    return tuple(i * e / (i + e) if i + e > 0 else 0.0 for i, e in pairs)


def _extended(values: Values, n: int) -> tuple[float, ...]:
    """One value is isotropic, two are (fibre, across), three (fibre, sheet, normal)."""
    return tuple(values) + (values[-1],) * (n - len(values))


def region_tags(part: Part, name: str, key: str) -> list[int]:
    """Tags of the region called ``name`` (or numbered so). Raises InputError, on all ranks, when there is none."""
    found = [tag for tag, known in part.region_names.items() if known == name]
    if not found and re.fullmatch(r"-?[0-9]{1,9}", name):
        found = [int(name)]
    present = max_over(part.comm, int(np.isin(part.regions, found).any()))
    if not found or not present:
        known = sorted(set().union(*part.comm.allgather(set(np.unique(part.regions).tolist()))))
        names = [part.region_names.get(tag, str(tag)) for tag in known]
        raise InputError(
            f"{key}: no element has region '{name}'{nearest(name, names)} (the mesh has {', '.join(names)})"
        )
    return found


def tensors(
    part: Part,
    default: Values | None,
    regions: Mapping[str, Values],
    fibres,
    sheets,
    section: str = SECTION,
    others: np.ndarray | None = None,
) -> np.ndarray:
    """(n_local_elements, 3, 3) sigma = s_n I + (s_f - s_n) f f^T + (s_s - s_n) s s^T, in mS/mm.

    default, regions  conductivities (1, 2 or 3 values) and those of named regions
    fibres, sheets    (n_local_elements, 3) unit vectors or None;  section: of the case, for messages
    others            (n_local_elements, 3, 3) where neither says anything; None: then every region must be named
    Raises InputError when an anisotropic conductivity meets elements without fibres (or three values no sheets).
    """
    result = np.full((len(part.elements), 3, 3), np.nan) if others is None else others.copy()
    if default is not None:
        _fill(result, slice(None), default, fibres, sheets, section)
    for name, values in regions.items():
        key = f"{section}.regions.{name}"
        which = np.isin(part.regions, region_tags(part, name, key))
        _fill(result, which, values, fibres, sheets, key)
    _require_all(part, result, section)
    return result


def _require_all(part: Part, tensor: np.ndarray, section: str) -> None:
    missing = set(np.unique(part.regions[np.isnan(tensor[:, 0, 0])]).tolist())
    missing = set().union(*part.comm.allgather(missing))
    if missing:
        names = ", ".join(f"'{part.region_names.get(tag, str(tag))}'" for tag in sorted(missing))
        what = section.rpartition(".")[2]
        raise InputError(f"{section}: region {names} has no {what}: give it one, or one for all")


def _fill(result: np.ndarray, which, values: Values, fibres, sheets, key: str) -> None:
    along, across, normal = _extended(values, 3)
    result[which] = normal * np.eye(3)
    if along == across == normal:
        return
    if fibres is None:
        raise InputError(f"{key}: found {len(values)} values, but the mesh has no fibres: set fibres.rule, or give one")
    result[which] += (along - normal) * np.einsum("ni,nj->nij", fibres[which], fibres[which])
    if across != normal:
        if sheets is None:
            raise InputError(f"{key}: found 3 values, but the mesh has no sheets: set fibres.rule, or give two values")
        result[which] += (across - normal) * np.einsum("ni,nj->nij", sheets[which], sheets[which])
