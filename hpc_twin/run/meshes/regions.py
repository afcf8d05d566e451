"""The regions that a case adds to those of the mesh, and the coordinates of the nodes that it speaks of."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from hpc_twin.case import Case, CellModelCase, RegionCase
from hpc_twin.fem import Subdomain, corners, subdomain
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.reach import reach
from hpc_twin.parallel import InputError, max_over, say, sum_over
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.organ import regions
from hpc_twin.tissue.organ.coordinates import BOX, VENTRICULAR, Coordinates, on_edges

TAKEN = ": later regions took them all"


def surfaces_needed(case: Case) -> bool:
    """Whether fibres, coordinates of ventricles or a conduction system begin at named surfaces."""
    grown = case.purkinje is not None and not case.purkinje.file
    return case.fibres.rule == "bayer2012" or grown or bool((_of_nodes(case) | _of_elements(case)) & set(VENTRICULAR))


def placed(case: Case, part: Part) -> Part:
    """``part`` with the regions and coordinates of ``case``. Collective; raises InputError for an empty region."""
    nodes, elements = _coordinates(case, part)
    part = replace(part, coordinates=nodes)
    for number, region in enumerate(case.region):
        key = f"region.{number} ('{region.name}')"
        chosen = _chosen(part, region, elements, key)
        if not _count(part, chosen):
            raise InputError(f"{key}: holds no element{_remedy(part, region)}")
        part = regions.retagged(part, region.name, chosen)
    for name in dict.fromkeys(region.name for region in case.region):
        count = _count(part, np.isin(part.regions, [tag for tag, known in part.region_names.items() if known == name]))
        say(part.comm, f"region '{name}': {count:,} elements, {count / part.n_elements:.2%}{'' if count else TAKEN}")
    return part


def _of_nodes(case: Case) -> set[str]:
    cells: Iterable[CellModelCase] = (case.cells, *case.cells.regions.values(), *case.cells.layers.values())
    along = {name for model in cells for gradient in model.gradients.values() for name in gradient.along}
    layers = {"transmural"} if case.cells.layers else set()
    return along | layers | (set(VENTRICULAR) if case.output.coordinates else set())


def _of_elements(case: Case) -> set[str]:
    return {name for region in case.region for name in region.coordinates}


def _coordinates(case: Case, part: Part) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Values by name at local nodes and in local elements, NaN outside the heart: bath, cables, ..."""
    linear = corners(part)
    domains = dict.fromkeys(BOX, Subdomain.all_of(linear.part))
    if (_of_nodes(case) | _of_elements(case)) & set(VENTRICULAR):
        domains |= dict.fromkeys(VENTRICULAR, _heart(case, linear.part))
    known = {id(domain): Coordinates(domain.part) for domain in domains.values()}
    nodes, elements = {}, {}
    for name in sorted(_of_nodes(case) | _of_elements(case)):
        domain = domains[name]
        found = known[id(domain)][name]
        if name in _of_nodes(case):
            nodes[name] = on_edges(part, name, _spread(found.nodes, linear.nodes[domain.nodes], part.n_local))
        if name in _of_elements(case):
            elements[name] = _spread(found.elements, domain.elements, len(part.elements))
    return nodes, elements


def _heart(case: Case, part: Part) -> Subdomain:
    """Elements of the highest dimension that are not bath."""
    added = {region.name for region in case.region}
    baths = [name for name in case.bath.regions if name not in added]
    tags = [tag for name in baths for tag in region_tags(part, name, f"bath.regions.{name}")]
    widest = max_over(part.comm, int(part.sizes.max(initial=0)))
    return subdomain(part, (part.sizes == widest) & ~np.isin(part.regions, tags))


def _spread(values: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    result = np.full(n, np.nan)
    result[places] = values
    return result


def _chosen(part: Part, region: RegionCase, coordinates: dict[str, np.ndarray], key: str) -> np.ndarray:
    """(n_local_elements,) where all that ``region`` says holds."""
    chosen = _in_shape(part, region)
    for name, (low, high) in region.coordinates.items():
        chosen &= regions.between(coordinates[name], low, high)
    if region.around is not None:
        core = np.isin(part.regions, region_tags(part, region.around, f"{key}: around"))
        chosen &= regions.around(part, core, region.width or 0.0)
    if region.within is not None:
        chosen &= np.isin(part.regions, region_tags(part, region.within, f"{key}: within"))
    if region.fraction is not None:
        seed = 1 if region.seed is None else region.seed
        if region.length is None:
            score = regions.uniform(part.element_ids, seed)
        else:
            score = regions.patchy(regions.centres(part), region.length, seed)
        chosen = regions.share(part, chosen, score, region.fraction)
    return chosen


def _in_shape(part: Part, region: RegionCase) -> np.ndarray:
    places = regions.centres(part)
    if region.box is not None:
        return regions.inside_box(places, region.box.min, region.box.max)
    if region.sphere is not None:
        return regions.inside_ellipsoid(places, region.sphere.centre, (region.sphere.radius,) * 3)
    if region.ellipsoid is not None:
        return regions.inside_ellipsoid(places, region.ellipsoid.centre, region.ellipsoid.axes)
    if region.cylinder is not None:
        return regions.inside_cylinder(places, region.cylinder.start, region.cylinder.end, region.cylinder.radius)
    return np.ones(len(places), bool)


def _count(part: Part, chosen: np.ndarray) -> int:
    return sum_over(part.comm, int(chosen[: part.n_owned_elements].sum()))


def _remedy(part: Part, region: RegionCase) -> str:
    """Where the mesh is, and that it is too coarse for what lies around something."""
    thin = f"; a width of {region.width:g} mm may be less than half an element" if region.width else ""
    return f"; the mesh reaches {reach(part)}{thin}"
