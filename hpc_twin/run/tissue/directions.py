"""Fibre and sheet directions as a case wants them."""

import numpy as np

from hpc_twin.case import Case, FibreCase
from hpc_twin.fem import Subdomain, subdomain
from hpc_twin.fem.elements import edge_vectors
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over, say, sum_over, warn
from hpc_twin.run.tissue.places import nodes_of
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.fibres.between import fibres_between
from hpc_twin.tissue.fibres.continuity import deviation, percentiles
from hpc_twin.tissue.fibres.doste import OutflowAngles, outflow_fibres
from hpc_twin.tissue.fibres.ventricles import FibreAngles, ventricular_fibres

ROUGH = 25.0  # degrees; random directions have 42
Directions = tuple[np.ndarray | None, np.ndarray | None]


def tissue_directions(case: Case, domain: Subdomain) -> Directions:
    """``directions`` on domain.part; rules for walls see them whole, so that the case's own holes turn no fibres."""
    scars = {region.name for region in case.region} & set(case.tissue.without)
    if not scars or case.fibres.rule not in OF_WALLS:
        return directions(domain.part, case.fibres)
    kept = np.isin(np.arange(len(domain.whole.elements)), domain.elements)
    for name in sorted(scars):
        kept |= np.isin(domain.whole.regions, region_tags(domain.whole, name, "tissue.without"))
    before = subdomain(domain.whole, kept)
    places = np.searchsorted(before.elements, domain.elements)
    fibres, sheets = directions(before.part, case.fibres)
    return None if fibres is None else fibres[places], None if sheets is None else sheets[places]


def directions(part: Part, fibres: FibreCase) -> Directions:
    """(n_local_elements, 3) fibres and sheets, or None, as the case wants them; says how smooth they are."""
    rule = fibres.rule or ("file" if part.fibres is not None else "none")
    found, sheets = (_of_wall if rule in OF_WALLS else RULES[rule])(part, fibres)
    if found is not None and rule != "constant":
        _tell_smoothness(part, found, rule)
    return found, sheets


def _tell_smoothness(part: Part, fibres: np.ndarray, rule: str) -> None:
    """Fibres that were read in another order than the elements, or were never set, are as good as random."""
    middle, most = percentiles(part, deviation(part, fibres), (0.5, 0.99))
    words = f"fibres ({rule}): {middle:g} degrees from those around them in the median, {most:g} at the 99th percentile"
    if middle > ROUGH:
        warn(part.comm, f"{words}; fibres of a heart differ less: do they belong to these elements?")
    else:
        say(part.comm, words)


def _of_wall(part: Part, fibres: FibreCase) -> Directions:
    """A rule for the elements of the highest dimension; cables beside them keep to their own direction."""
    widest = max_over(part.comm, int(part.sizes.max(initial=0)))
    wall = subdomain(part, part.sizes == widest)
    found = RULES[str(fibres.rule)](wall.part, fibres)
    if wall.everything:
        return found
    return tuple(None if rows is None else _spread(rows, wall, part) for rows in found)  # type: ignore[return-value]


def _spread(rows: np.ndarray, wall: Subdomain, part: Part) -> np.ndarray:
    result = np.zeros((len(part.elements), 3))
    result[wall.elements] = rows
    lines = np.flatnonzero(part.sizes == 2)
    along = edge_vectors(part.points, part.elements[lines, :2])[:, 0]
    result[lines] = along / np.linalg.norm(along, axis=1, keepdims=True)
    return result


def _none(part: Part, fibres: FibreCase) -> Directions:
    return None, None


def _file(part: Part, fibres: FibreCase) -> Directions:
    if part.fibres is None:
        raise InputError('fibres.rule: found "file", but the mesh holds no fibres: use "bayer2012" or "constant"')
    return part.fibres, part.sheets


def _constant(part: Part, fibres: FibreCase) -> Directions:
    unit = np.asarray(fibres.direction, float)
    return np.broadcast_to(unit / np.linalg.norm(unit), (len(part.elements), 3)), None


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


OF_WALLS = ("bayer2012", "doste2019")
RULES = {
    "none": _none,
    "file": _file,
    "constant": _constant,
    "bayer2012": _bayer,
    "doste2019": _doste,
    "between": _between,
}
