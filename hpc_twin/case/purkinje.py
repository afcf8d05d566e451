"""[purkinje]: a conduction system of one-dimensional cables, grown or read, joined to the muscle by resistances."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from hpc_twin.case.cells import CellModelCase
from hpc_twin.case.conductivity import ConductivityCase
from hpc_twin.case.quantities import (
    Angle,
    Conductivity,
    InverseLength,
    Point,
    PositiveArea,
    PositiveLength,
    Resistance,
)
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

REGION, JUNCTION = "purkinje", "purkinje_junction"
MODEL = "stewart_2009"
CHAIN = {"sinus_node": "fabbri_2017", "atrium": "courtemanche_1998", "av_node": "courtemanche_1998"}
CABLES = (REGION, JUNCTION, *CHAIN)
ALONG_CABLES = ("monodomain", "eikonal", "reaction_eikonal")
GROWN = ("seed", "branch_length", "branch_spread", "branch_angle", "repulsion", "segment", "generations", "left",
         "right", "moderator_band")  # fmt: skip


class SinusCase(Section):
    """[purkinje.sinus] cables from the sinus node to the His bundle, so that the heart beats by itself.

    Regions "sinus_node" (fabbri_2017, which drives itself), "atrium" and "av_node" (courtemanche_1998), which
    [cells.regions.NAME] may change; a node set "sinus_node" for what lies at its free end.
    """

    node_length: PositiveLength = Field(5.0, description="of the sinus node")
    atrium_length: PositiveLength = Field(40.0, description="of the tract from the sinus to the av node")
    av_length: PositiveLength = Field(13.0, description="of the atrioventricular node: it makes the PR interval")
    node_conductivity: Conductivity = Field(0.01, description="of the sinus node, effective")
    atrium_conductivity: Conductivity = Field(0.6, description="of the tract: 1.1 m/s")
    av_conductivity: Conductivity = Field(0.01, description="of the av node: 0.12 m/s")
    node_cross_section: PositiveArea = Field(1.0, description="of the sinus node")
    atrium_cross_section: PositiveArea = Field(0.1, description="of the tract")
    av_cross_section: PositiveArea = Field(1.0, description="of the av node; it must be able to drive the His bundle")


class PurkinjeCase(Section):
    """[purkinje] cables of the conduction system, grown on the endocardia or read from files: docs/purkinje.md.

    Their region is "purkinje": [cells.regions.purkinje] says which cells they have (default stewart_2009). The node set
    "his" is where they begin, "purkinje_terminals" where they meet the muscle.
    """

    file: tuple[str, ...] = Field((), description="networks of lines beside the case (.vtu, .vtk, .pkje, ...)")
    unit: Literal["mm", "cm", "um", "m"] | None = Field(None, description="length unit of the files")
    seed: int = Field(1, ge=0, description="of the random growth")
    branch_length: PositiveLength | None = Field(None, description="median; default a tenth of the cavity's length")
    branch_spread: float = Field(0.447, ge=0, lt=1, description="standard deviation over median")
    branch_angle: Angle = Field(8.6, description="between a branch and its mother")
    repulsion: float = Field(0.1, ge=0, le=1, description="w of the rule")
    segment: PositiveLength | None = Field(None, description="length of a line; default an eighth of branch_length")
    generations: int = Field(20, ge=0, le=60, description="how often tips divide")
    left: Point | None = Field(None, description="where the left bundle meets the endocardium; default high septum")
    right: Point | None = Field(None, description="where the right bundle does; default across the septum")
    moderator_band: bool = Field(True, description="a cable from the right bundle's end to the free wall")
    cross_section: PositiveArea = Field(0.2, description="of the cables")
    conductivity: Conductivity = Field(2.0, description="along the cables, effective")
    surface_to_volume: InverseLength | None = Field(None, description="chi of the cables; default that of [tissue]")
    junction_resistance: Resistance = Field(3.0, description="of all junctions of one terminal together")
    junction_radius: PositiveLength = Field(0.6, description="muscle within it, at least one node, is joined")

    sinus: SinusCase | None = None

    @model_validator(mode="after")
    def _one_source(self):
        if self.file:
            unused = [key for key in GROWN if key in self.model_fields_set]
            if unused:
                raise ValueError(f"purkinje.{unused[0]} is of growth and says nothing to purkinje.file")
        elif self.unit is not None:
            raise ValueError("purkinje.unit belongs to purkinje.file")
        if self.segment is not None and self.branch_length is not None and self.segment > self.branch_length:
            raise ValueError(f"segment: found {self.segment:g} mm, it must not be above branch_length")
        return self


def purkinje_fits(case: "Case") -> None:
    """What the conduction system cannot be combined with; raises ValueError."""
    if case.purkinje is None:
        return
    tissue, regions = case.tissue, case.tissue.conductivity.regions
    if tissue.model not in ALONG_CABLES:
        raise ValueError(
            f'purkinje: tissue.model = "{tissue.model}" has no equation for cables, allowed are '
            + ", ".join(ALONG_CABLES)
        )
    if tissue.order != 1:
        raise ValueError("purkinje: its cables are linear elements, tissue.order must be 1")
    if REGION in regions and "conductivity" in case.purkinje.model_fields_set:
        raise ValueError(f"give purkinje.conductivity or tissue.conductivity.regions.{REGION}, not both")
    for name in set(CHAIN) & {*regions, *case.cells.regions}:
        if name in regions or case.purkinje.sinus is None:
            raise ValueError(f"region '{name}' is made by [purkinje.sinus], which gives its conductivity")
    if len(case.purkinje.file) > 1 and case.purkinje.sinus is not None:
        raise ValueError("purkinje.sinus leads to one His bundle; several files have several")
    if JUNCTION in (*regions, *case.cells.regions):
        raise ValueError(f"region '{JUNCTION}' is made by [purkinje]: give purkinje.junction_resistance instead")
    if case.purkinje.file == () and case.mesh.generate in ("slab", "sheet", "cable"):
        raise ValueError(f"purkinje: a {case.mesh.generate} has no endocardium to grow on; give purkinje.file")


def with_conduction(case: "Case") -> "Case":
    """``case`` with the cells and conductivities of the regions that [purkinje] adds, where it does not name them."""
    if case.purkinje is None:
        return case
    sigma, sinus = case.tissue.conductivity, case.purkinje.sinus
    own = {REGION: _along(case.purkinje.conductivity), JUNCTION: _along(1.0)}
    cells = {REGION: CellModelCase(model=MODEL)}
    if sinus is not None:
        values = (sinus.node_conductivity, sinus.atrium_conductivity, sinus.av_conductivity)
        own |= {name: _along(value) for name, value in zip(CHAIN, values, strict=True)}
        cells |= {name: CellModelCase(model=model) for name, model in CHAIN.items()}
    sigma = sigma.model_copy(update={"regions": {**own, **sigma.regions}})
    cells |= case.cells.regions
    return case.model_copy(
        update={
            "cells": case.cells.model_copy(update={"regions": cells}),
            "tissue": case.tissue.model_copy(update={"conductivity": sigma}),
        }
    )


def _along(sigma: float) -> ConductivityCase:
    """Cables whose surroundings conduct so well that only their core counts, and which add nothing to those."""
    return ConductivityCase.model_construct(effective=(sigma,), intracellular=(sigma,), extracellular=(0.0,))
