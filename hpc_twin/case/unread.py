"""Keys that a case gives and that its model does not read: they may stand there for another model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

NEEDS_V = {  # section -> keys that mean nothing where there are times of arrival alone
    "": ("probes", "solver"),
    "tissue": ("dt", "splitting", "theta", "mass"),
    "output": ("every", "fields", "trace_every", "activation_threshold", "repolarisation"),
}
NEEDS_COUPLING = {"": ("solver",), "tissue": ("splitting", "theta", "mass")}
PULSES = ("period", "count", "coupling")
CURRENT = ("strength", "duration")


def unread(case: "Case") -> list[str]:
    """Keys without effect with this ``tissue.model``."""
    model = case.tissue.model
    if model == "eikonal":
        return [*_without_potential(case), *_baths(case)]
    if model == "reaction_eikonal":
        uncoupled = case.tissue.foot is not None and not case.tissue.foot.diffusion
        keys = [*_given(case, NEEDS_COUPLING if uncoupled else {}), *_of_stimuli(case, CURRENT)]
        return [*keys, *([] if _leads_in_mesh(case) else _baths(case))]
    return _baths(case) if model == "monodomain" and not _leads_in_mesh(case) else []


def _without_potential(case: "Case") -> list[str]:
    """What means nothing where there are times of arrival alone."""
    measures = case.output.measures if "measures" in case.output.model_fields_set else ()
    return [
        *_given(case, NEEDS_V),
        *(f"output.measures {name}" for name in measures if name not in ("activation", "velocity")),
        *(f"{key}.gradients" for key, model in case.cells.models.items() if model.gradients),
        *_of_stimuli(case, (*CURRENT, *PULSES)),
        *(["stimulus.times but the first"] if any(len(s.times or ()) > 1 for s in case.stimulus) else []),
    ]


def _leads_in_mesh(case: "Case") -> bool:
    """Whether lead fields are solved in heart and baths together."""
    return case.ecg is not None and case.ecg.method == "lead_field"


def _baths(case: "Case") -> list[str]:
    return [f"bath.regions.{name}.conductivity" for name in case.bath.regions]


def _given(case: "Case", keys: dict[str, tuple[str, ...]]) -> list[str]:
    sections = {section: getattr(case, section) if section else case for section in keys}
    return [
        f"{section}.{key}".lstrip(".")
        for section, names in keys.items()
        for key in names
        if key in sections[section].model_fields_set
    ]


def _of_stimuli(case: "Case", keys: tuple[str, ...]) -> list[str]:
    """A stimulus says where and when a wave begins; of its current the sign alone counts."""
    given = set().union(*(stimulus.model_fields_set for stimulus in case.stimulus))
    return [f"stimulus.{key}{' but its sign' if key == 'strength' else ''}" for key in keys if key in given]
