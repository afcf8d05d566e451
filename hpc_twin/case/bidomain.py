"""[bidomain]: how the extracellular potential is solved for."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from hpc_twin.case.places import Place
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case


class BidomainCase(Section):
    """[bidomain] the equation of phi_e, for tissue.model = bidomain or pseudo_bidomain."""

    solve: Literal["decoupled", "block"] = Field(
        "block", description="V and phi_e in one system; or V with phi_e extrapolated, then phi_e: docs/bidomain.md"
    )
    every: int = Field(1, ge=1, description="pseudo_bidomain: phi_e in the first of so many frames, none in the others")
    rtol: float = Field(
        1e-5,
        gt=0,
        lt=1,
        description="of phi_e's error in the norm of its currents, wherever it is solved for alone: in every step if "
        "decoupled, and in frames and probes; what the block solves for has solver.tolerance",
    )
    reference: Place | None = Field(
        None, description="phi_e has zero mean there, where no electrode holds a potential; default the whole mesh"
    )
    options: dict[str, str | int | float | bool] = Field(
        {}, description='PETSc options of the solve for phi_e: pc_type = "hypre", ...; default gamg'
    )


def bidomain_fits(case: "Case") -> None:
    """Its keys are for the models that read them."""
    given, model = case.bidomain.model_fields_set, case.tissue.model
    if given and model not in ("bidomain", "pseudo_bidomain"):
        raise ValueError(f'bidomain.{min(given)}: tissue.model = "{model}" has no extracellular potential')
    if "solve" in given and model != "bidomain":
        raise ValueError(f'bidomain.solve: tissue.model = "{model}" solves for V alone')
    if "every" in given and model != "pseudo_bidomain":
        raise ValueError('bidomain.every: tissue.model = "bidomain" solves for phi_e in every step')
    if model in ("bidomain", "pseudo_bidomain"):
        _conducting(case)
    shown = "phi_e" in case.output.fields
    if "rtol" in given and not shown and (model == "pseudo_bidomain" or case.bidomain.solve == "block"):
        raise ValueError('bidomain.rtol: phi_e is solved for alone only for output.fields, which do not hold "phi_e"')
    if case.purkinje is not None and model in ("bidomain", "pseudo_bidomain"):
        raise ValueError(f'purkinje: its cables have no extracellular space, as tissue.model = "{model}" needs')


def _conducting(case: "Case") -> None:
    """Current that leaves the cells needs a way back outside them."""
    for key, section in case.tissue.conductivity.sections.items():
        if section.extracellular is not None and not any(section.extracellular):
            raise ValueError(
                f'{key}.extracellular: found 0, but tissue.model = "{case.tissue.model}" needs a way back for the '
                "current outside the cells; a region that does not conduct stands in tissue.without"
            )
