"""What no section can see alone: keys of several sections that do not fit together. Each check raises ValueError."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpc_twin.case.bidomain import bidomain_fits
from hpc_twin.case.checkpoint import checkpoints
from hpc_twin.case.ecg import electrocardiogram
from hpc_twin.case.eikonal import eikonal_fits
from hpc_twin.case.electrode import electrodes_fit
from hpc_twin.case.initial import beginnings
from hpc_twin.case.measures import measures
from hpc_twin.case.output import without_frames
from hpc_twin.case.purkinje import purkinje_fits

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case


def times(case: "Case") -> None:
    """Clocks ring at whole steps."""
    dt = case.tissue.dt
    traces = case.probes or "trace_every" in case.output.model_fields_set
    for key, value in (("tissue.until", case.tissue.until),
                       *((("output.every", case.output.every),) if math.isfinite(case.output.every) else ()),
                       *((("output.trace_every", case.output.trace_every),) if traces else ()),
                       *((("ecg.every", case.ecg.every),) if case.ecg else ())):  # fmt: skip
        steps = value / dt
        if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) or round(steps) < 1:
            raise ValueError(f"{key}: found {value:g} ms, it must be a multiple of tissue.dt = {dt:g} ms")


def conducting(case: "Case") -> None:
    """A region is tissue, bath or nothing, and only one of them."""
    both = set(case.tissue.without) & set(case.bath.regions)
    if both:
        raise ValueError(f"region {', '.join(sorted(both))} stands in both tissue.without and bath.regions")
    for key, regions in (("cells.regions", case.cells.regions), ("tissue.conductivity.regions",
                         case.tissue.conductivity.regions)):  # fmt: skip
        for kind, names in (("tissue.without", case.tissue.without), ("bath.regions", tuple(case.bath.regions))):
            for name in set(regions) & set(names):
                raise ValueError(f"{key}.{name}: region '{name}' has no cells, since it stands in {kind}")


def orders(case: "Case") -> None:
    """What quadratic elements cannot do."""
    if case.tissue.order == 2 and case.tissue.lumping > 0:
        raise ValueError(
            f'tissue.mass: found {case.tissue.mass!r}, tissue.order = 2 allows "consistent" only: lumped, the mass of '
            "its corners would be zero in triangles and negative in tetrahedra"
        )


def both_conductivities(case: "Case") -> None:
    """What needs both conductivities finds them."""
    tissue = case.tissue
    if tissue.model in ("bidomain", "pseudo_bidomain") or case.ecg is not None:
        who = "[ecg]" if case.ecg else f'tissue.model = "{tissue.model}"'
        for key, section in tissue.conductivity.sections.items():
            if section.effective is not None:
                raise ValueError(f"{key}: {who} needs intracellular and extracellular")


def outside_conducts(case: "Case") -> None:
    """Where the potential outside the cells is solved for, something conducts along every axis."""
    ecg, model = case.ecg, case.tissue.model
    leads = ecg is not None and ecg.method == "lead_field" and ecg.torso is None
    if not leads and model not in ("bidomain", "pseudo_bidomain"):
        return
    who = f'tissue.model = "{model}"' if not leads else 'ecg.method = "lead_field"'
    for key, section in case.tissue.conductivity.sections.items():
        if section.insulating:
            raise ValueError(
                f"{key}: intracellular and extracellular are both 0 along the {section.insulating[0]}, which leaves "
                f"{who} no way there; a region that does not conduct stands in tissue.without"
            )


CHECKS: tuple[Callable[["Case"], None], ...] = (
    times,
    conducting,
    orders,
    both_conductivities,
    beginnings,
    without_frames,
    measures,
    checkpoints,
    electrocardiogram,
    purkinje_fits,
    bidomain_fits,
    outside_conducts,
    electrodes_fit,
    eikonal_fits,
)
