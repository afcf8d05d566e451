"""Conductivity tensors of the elements from values per region and fibre directions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class TensorField:
    """sigma = s_n I + (s_f - s_n) f f^T + (s_s - s_n) s s^T of each element [mS/mm], made where it is asked for.

    So an element holds its kind and directions instead of nine numbers.

    values   (k, 3) s_f, s_s, s_n of each kind
    kind     (n_local_elements,) rows of ``values``, -1 where nothing is known
    fibres, sheets  (n_local_elements, 3) unit vectors, or None where no kind needs them
    """

    values: np.ndarray
    kind: np.ndarray
    fibres: np.ndarray | None
    sheets: np.ndarray | None

    def __getitem__(self, which) -> np.ndarray:
        """(n, 3, 3) of the elements ``which``."""
        along, across, normal = self.values[self.kind[which]].T
        result = normal[:, None, None] * np.eye(3)
        for excess, vectors in ((along - normal, self.fibres), (across - normal, self.sheets)):
            rows = np.flatnonzero(excess)
            if vectors is not None and len(rows):
                axes = vectors[which][rows]
                result[rows] += excess[rows, None, None] * np.einsum("ni,nj->nij", axes, axes)
        return result


def tensor_field(
    part: Part,
    default: Values | None,
    regions: Mapping[str, Values],
    fibres,
    sheets,
    section: str = SECTION,
    known: np.ndarray | None = None,
) -> TensorField:
    """The conductivity of every element.

    default, regions  conductivities (1, 2 or 3 values) and those of named regions
    fibres, sheets    (n_local_elements, 3) unit vectors or None;  section: of the case, for messages
    known             (n_local_elements,) where somebody else knows it; None: then every region must be named
    Raises InputError when an anisotropic conductivity meets elements without fibres (or three values no sheets).
    """
    values = {} if default is None else {section: default}
    kind = np.full(len(part.elements), len(values) - 1, np.int16)
    for name, given in regions.items():
        key = f"{section}.regions.{name}"
        kind[np.isin(part.regions, region_tags(part, name, key))] = len(values)
        values[key] = given
    for key, given in values.items():
        _require_directions(key, given, fibres, sheets)
    _require_all(part, kind < 0 if known is None else (kind < 0) & ~known, section)
    table = [_extended(given, 3) for given in values.values()] or [(np.nan,) * 3]
    return TensorField(np.array(table), kind, fibres, sheets)


def tensors(
    part: Part,
    default: Values | None,
    regions: Mapping[str, Values],
    fibres,
    sheets,
    section: str = SECTION,
    others: np.ndarray | None = None,
) -> np.ndarray:
    """(n_local_elements, 3, 3) all of a ``tensor_field``, mS/mm; arguments and errors are its own.

    others  (n_local_elements, 3, 3) where neither ``default`` nor ``regions`` say anything
    """
    known = None if others is None else ~np.isnan(others[:, 0, 0])
    found = tensor_field(part, default, regions, fibres, sheets, section, known)
    return found[:] if others is None else np.where((found.kind < 0)[:, None, None], others, found[:])


def _require_all(part: Part, bare: np.ndarray, section: str) -> None:
    missing = set(np.unique(part.regions[bare]).tolist())
    missing = set().union(*part.comm.allgather(missing))
    if missing:
        names = ", ".join(f"'{part.region_names.get(tag, str(tag))}'" for tag in sorted(missing))
        what = section.rpartition(".")[2]
        raise InputError(f"{section}: region {names} has no {what}: give it one, or one for all")


def _require_directions(key: str, values: Values, fibres, sheets) -> None:
    along, across, normal = _extended(values, 3)
    if fibres is None and not along == across == normal:
        raise InputError(f"{key}: found {len(values)} values, but the mesh has no fibres: set fibres.rule, or give one")
    if sheets is None and across != normal:
        raise InputError(f"{key}: found 3 values, but the mesh has no sheets: set fibres.rule, or give two values")
