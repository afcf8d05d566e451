"""The electrodes of a case: weights on V by its method, and the leads that they make."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.ecg import EcgCase, TorsoCase
from hpc_twin.case.purkinje import CABLES
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.checks import usable
from hpc_twin.mesh.locate import outside
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.mesh.reach import require_near
from hpc_twin.mesh.read import read
from hpc_twin.parallel import on_root
from hpc_twin.run.bidomain import conducts, medium
from hpc_twin.tissue.bidomain.medium import Medium
from hpc_twin.tissue.conductivity import tensors
from hpc_twin.tissue.ecg.leadfield import electrode_node, interpolated, lead_fields, weights
from hpc_twin.tissue.ecg.leads import STANDARD, Leads, leads_of
from hpc_twin.tissue.ecg.weights import Electrocardiogram, infinite_medium, require_outside

TORSO = 0.2  # mS/mm: a human torso in bulk (Potse et al. 2006, IEEE Trans Biomed Eng 53:2425)
FAR = 10.0  # mm between a wanted electrode and the node that it becomes


@dataclass(frozen=True)
class Recording:
    """ecg.at(V) gives the values of ``leads``; places (n_electrodes, 3) mm where the electrodes are.

    torso  checksum of the torso's own mesh, if there is one
    """

    ecg: Electrocardiogram
    leads: Leads
    places: np.ndarray
    torso: str = ""


def recording(case: Case, wanted: EcgCase, domain: Subdomain, folder: Path) -> Recording:
    """What [ecg] asks for on ``domain``; ``folder`` is the case's own. Collective.

    Raises InputError for electrodes inside the tissue, a torso that does not hold the heart, unknown regions.
    """
    found = leads_of(list(wanted.electrodes), "infinity" if wanted.method == "infinite_medium" else "mean")
    places = np.array(list(wanted.electrodes.values()), float)
    made, torso = muscle(case, medium(case, domain)), ""
    if wanted.method == "infinite_medium":
        on_nodes = _infinite(wanted, made, places)
    elif wanted.torso is not None:
        on_nodes, places, torso = _in_torso(case, wanted, wanted.torso, made, folder)
    else:
        on_nodes, places = _in_mesh(wanted, made)
    return Recording(Electrocardiogram(domain.part, on_nodes, found.matrix), found, places, torso)


def muscle(case: Case, made: Medium) -> Medium:
    """``made`` without the cables of [purkinje], which have no extracellular space: too thin to be seen from afar."""
    if case.purkinje is None:
        return made
    tags = [tag for tag, name in made.domain.whole.region_names.items() if name in CABLES]
    thick, whole = ~np.isin(made.domain.part.regions, tags), ~np.isin(made.domain.whole.regions, tags)
    sigma_i, bulk = made.intracellular * thick[:, None, None], made.bulk * whole[:, None, None]
    return replace(made, intracellular=sigma_i, bulk=bulk)


def _infinite(wanted: EcgCase, made: Medium, places: np.ndarray) -> np.ndarray:
    part = made.domain.part
    require_outside(part, list(wanted.electrodes), places)
    return infinite_medium(part, made.intracellular, places, wanted.conductivity or TORSO, _thickness(made))


def _in_mesh(wanted: EcgCase, made: Medium) -> tuple[np.ndarray, np.ndarray]:
    """Lead fields in heart and bath of one mesh."""
    domain = made.domain
    nodes, places = _snapped(wanted, domain.whole, made.bulk)
    fields = lead_fields(domain.whole, made.bulk, nodes, made.extent)
    return weights(domain.part, made.intracellular, fields[:, domain.nodes], _thickness(made)), places


def _in_torso(
    case: Case, wanted: EcgCase, torso: TorsoCase, made: Medium, folder: Path
) -> tuple[np.ndarray, np.ndarray, str]:
    """Lead fields in a torso of its own mesh, carried to the heart's nodes, and that mesh's checksum."""
    heart, path = made.domain.part, folder / torso.file
    found = on_root(heart.comm, lambda: usable(read(path, torso.unit), path))
    body = distribute(found[0] if found else None, heart.comm, case.partition.method)
    default = None if torso.conductivity is None else (torso.conductivity,)
    regions = {name: (value,) for name, value in torso.regions.items()}
    sigma = tensors(body, default, regions, None, None, "ecg.torso")
    nodes, places = _snapped(wanted, body, sigma)
    fields = lead_fields(body, sigma, nodes)
    on_heart = interpolated(body, fields, heart.points, "ecg.torso.file")
    return weights(heart, made.intracellular, on_heart, _thickness(made)), places, body.checksum


def _thickness(made: Medium) -> np.ndarray | None:
    """Of the tissue's elements: a potential grows with it, also where all elements are alike."""
    return None if made.extent is None else made.extent[made.domain.elements]


def _snapped(wanted: EcgCase, part: Part, sigma: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Nodes of the electrodes, where ``sigma`` conducts, those of a 12-lead ECG on the surface; where they are."""
    anywhere = conducts(part, sigma)[: part.n_owned]
    surface = anywhere & outside(part.elements, part.n_local)[: part.n_owned]
    found = [
        electrode_node(part, np.array(place), surface if name in STANDARD else anywhere)
        for name, place in wanted.electrodes.items()
    ]
    for name, (_, place, distance) in zip(wanted.electrodes, found, strict=True):
        where = "surface node" if name in STANDARD else "node"
        require_near(part, f"ecg.electrodes.{name}", distance, place, FAR, where)
    return [node for node, _, _ in found], np.array([place for _, place, _ in found])
