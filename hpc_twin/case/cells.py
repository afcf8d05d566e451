"""[cells]: the models of the cells, their schemes and what they begin with."""

from typing import Literal

from pydantic import Field, model_validator

from hpc_twin.case.gradient import GradientCase
from hpc_twin.case.quantities import PositiveTime
from hpc_twin.case.section import Section, Share

SCHEMES = "auto, auto2, rush_larsen, forward_euler, grl1, grl2 or implicit: see docs/schemes.md"


LABELS = {
    "v": "membrane_potential",
    "stimulus": "stimulus_current",
    "time": "time",
    "calcium": "intracellular_calcium",
    "force": "contraction_force",
}


class PrepaceCase(Section):
    """Each cell model by itself, paced to its limit cycle before the run; kept in the user's cache folder."""

    cycle_length: PositiveTime = Field(description="from beat to beat")
    beats: int = Field(100, ge=1, le=100_000)
    duration: PositiveTime = Field(1.0, description="of the pulses, which are twice the diastolic threshold")

    @model_validator(mode="after")
    def _fits(self):
        if self.duration >= self.cycle_length:
            raise ValueError(f"duration: found {self.duration:g} ms, it must be shorter than cycle_length")
        return self


class CellModelCase(Section):
    """A cell model, how it differs from the published one, and what it begins with."""

    model: str = Field(description="library name, or a .mmt, .cellml or SBML file beside the case")
    parameters: dict[str, float | str] = Field({}, description='model constants: {"ikr.g" = "0.5x"}')
    gradients: dict[str, GradientCase] = Field({}, description="model constant -> how it varies from cell to cell")
    labels: dict[Literal["v", "stimulus", "time", "calcium", "force"], str] = Field(
        {}, description='where they are guessed wrong: {v = "membrane.V"}'
    )
    scheme: str | None = Field(None, description="default that of [cells]: " + SCHEMES)
    initial: str | None = Field(None, description="file of 'hpc-twin cell MODEL --save', beside the case")
    prepace: PrepaceCase | None = Field(None, description="default that of [cells], where there is no initial")

    @model_validator(mode="after")
    def _one_start(self):
        if self.initial is not None and self.prepace is not None:
            raise ValueError("give initial or prepace, not both")
        return self

    @model_validator(mode="after")
    def _one_value(self):
        for name, gradient in self.gradients.items():
            if name in self.parameters and any(not gradient.numbers(key)[0] for key in gradient.along):
                raise ValueError(f'{name}: found a value in parameters and others in gradients; there, say "2x" of it')
        return self


class CellCase(CellModelCase):
    """[cells] the model of every node, its scheme, and other models in transmural layers and in regions.

    A region goes before a layer. Gradients of [cells] hold in its layers too; a region has its own.
    """

    scheme: str = Field("auto", description=SCHEMES)
    precision: Literal["double", "mixed"] = Field(
        "double", description="mixed: gates and other occupancies in single precision, see docs/performance.md"
    )
    tables: bool = Field(False, description="what V alone decides from tables, if right to 1e-6: docs/performance.md")
    substeps: int = Field(1, ge=1, le=1000, description="steps of the cells in one step of the tissue")
    regions: dict[str, CellModelCase] = Field({}, description="region name or tag -> model")
    layers: dict[str, CellModelCase] = Field({}, description="endo, mid, epi -> model: docs/regions.md")
    layer_depths: tuple[Share, Share] = Field((0.3, 0.7), description="where mid begins and ends, 0 endo to 1 epi")

    @model_validator(mode="after")
    def _layers(self):
        unknown = set(self.layers) - {"endo", "mid", "epi"}
        if unknown:
            raise ValueError(f"cells.layers: found {', '.join(sorted(unknown))}, allowed are endo, mid, epi")
        if "layer_depths" in self.model_fields_set and not self.layers:
            raise ValueError("layer_depths belongs to layers, and there are none")
        first, second = self.layer_depths
        if first > second:
            raise ValueError(f"layer_depths: found {first:g} and {second:g}, the first must not be the larger")
        return self

    @property
    def models(self) -> dict[str, CellModelCase]:
        """Key -> section: this one, then those of regions or layers, in order."""
        found: dict[str, CellModelCase] = {"cells": self}
        found |= {f"cells.regions.{name}": model for name, model in self.regions.items()}
        return found | {f"cells.layers.{name}": model for name, model in self.layers.items()}

    @property
    def gradients_by_model(self) -> dict[str, dict[str, GradientCase]]:
        """Key of ``models`` -> its gradients, in the order of its kernel's varying parameters."""
        shared = {key: self.gradients for key in self.models if key.startswith("cells.layers.")}
        return {key: {**shared.get(key, {}), **model.gradients} for key, model in self.models.items()}
