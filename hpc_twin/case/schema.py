"""What a case may say, section by section. docs/case.md is made from these descriptions."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hpc_twin.case.quantities import (
    Angle,
    Capacitance,
    Conductivity,
    CurrentDensity,
    InverseLength,
    Point,
    PositiveArea,
    PositiveLength,
    PositiveTime,
    Time,
    Voltage,
)

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A TOML table: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MeshCase(Section):
    """[mesh] a file, or a generator and its shape parameters."""

    file: str | None = Field(None, description="mesh file, relative to the case")
    unit: Literal["mm", "cm", "um", "m"] | None = Field(None, description="length unit of the file")
    generate: str | None = Field(None, description="slab, sheet, cable, left_ventricle or biventricle")
    shape: dict[str, str | float | int | list[str]] = Field({}, description='generator parameters: h = "0.5 mm", ...')
    refine: int = Field(0, ge=0, le=5, description="halve every edge so many times")
    thickness: PositiveLength = Field(1.0, description="of triangles, in a mesh that mixes kinds of elements")
    cross_section: PositiveArea = Field(1.0, description="of lines, in a mesh that mixes kinds of elements")

    @model_validator(mode="after")
    def _one_source(self):
        if (self.file is None) == (self.generate is None):
            raise ValueError("give either mesh.file or mesh.generate")
        if self.shape and self.file:
            raise ValueError("mesh.shape belongs to mesh.generate, not to mesh.file")
        if self.unit and self.generate:
            raise ValueError("mesh.unit belongs to mesh.file, not to mesh.generate")
        return self


class FibreCase(Section):
    """[fibres] from the file, one direction everywhere, or by the rule of Bayer et al. 2012."""

    rule: Literal["file", "constant", "bayer2012", "none"] | None = Field(
        None, description="default: file when the mesh has fibres, else none (isotropic conductivity only)"
    )
    direction: tuple[float, float, float] | None = Field(None, description="for rule = constant")
    alpha_endo: Angle = Field(60.0, description="helix angle at the endocardium")
    alpha_epi: Angle = Field(-60.0, description="helix angle at the epicardium")
    beta_endo: Angle = Field(-65.0, description="transverse angle at the endocardium")
    beta_epi: Angle = Field(25.0, description="transverse angle at the epicardium")

    @model_validator(mode="after")
    def _direction(self):
        if (self.rule == "constant") != (self.direction is not None):
            raise ValueError('fibres.direction and fibres.rule = "constant" go together')
        if self.direction is not None and not any(self.direction):
            raise ValueError("fibres.direction: found length zero")
        return self


SCHEMES = "auto, auto2, rush_larsen, forward_euler, grl1, grl2 or implicit: see docs/schemes.md"


LABELS = {
    "v": "membrane_potential",
    "stimulus": "stimulus_current",
    "time": "time",
    "calcium": "intracellular_calcium",
    "force": "contraction_force",
}


class CellModelCase(Section):
    """A cell model, how it differs from the published one, and what it begins with."""

    model: str = Field(description="library name, or a .mmt, .cellml or SBML file beside the case")
    parameters: dict[str, float | str] = Field({}, description='model constants: {"ikr.g" = "0.5x"}')
    labels: dict[Literal["v", "stimulus", "time", "calcium", "force"], str] = Field(
        {}, description='where they are guessed wrong: {v = "membrane.V"}'
    )
    scheme: str | None = Field(None, description="default that of [cells]: " + SCHEMES)
    initial: str | None = Field(None, description="file of 'hpc-twin cell MODEL --save', beside the case")


class CellCase(CellModelCase):
    """[cells] the model of every node, its scheme, and other models in some regions or transmural layers."""

    scheme: str = Field("auto", description=SCHEMES)
    precision: Literal["double", "mixed"] = Field(
        "double", description="mixed: gates and other occupancies in single precision, see docs/performance.md"
    )
    tables: bool = Field(False, description="what V alone decides from tables, if right to 1e-6: docs/performance.md")
    substeps: int = Field(1, ge=1, le=1000, description="steps of the cells in one step of the tissue")
    regions: dict[str, CellModelCase] = Field({}, description="region name or tag -> model")
    layers: dict[str, CellModelCase] = Field({}, description="endo, mid, epi -> model, by transmural depth")
    layer_depths: tuple[Share, Share] = Field((0.3, 0.7), description="where mid begins and ends, 0 endo to 1 epi")

    @model_validator(mode="after")
    def _layers(self):
        unknown = set(self.layers) - {"endo", "mid", "epi"}
        if unknown:
            raise ValueError(f"cells.layers: found {', '.join(sorted(unknown))}, allowed are endo, mid, epi")
        if self.layers and self.regions:
            raise ValueError("give cells.regions or cells.layers, not both")
        return self


class ConductivityCase(Section):
    """Along fibre, sheet and sheet normal; one value is isotropic, two are fibre and across."""

    intracellular: tuple[Conductivity, ...] | None = Field(None, description="sigma_i")
    extracellular: tuple[Conductivity, ...] | None = Field(None, description="sigma_e")
    effective: tuple[Conductivity, ...] | None = Field(None, description="sigma_i sigma_e / (sigma_i + sigma_e)")

    @property
    def given(self) -> bool:
        """Whether this section itself, apart from regions, says anything."""
        return not (self.effective is self.intracellular is self.extracellular is None)

    @model_validator(mode="after")
    def _which(self):
        pair = (self.intracellular is not None, self.extracellular is not None)
        if self._optional() and not self.given:
            return self
        if (self.effective is not None) == any(pair) or (any(pair) and not all(pair)):
            raise ValueError("give effective, or both intracellular and extracellular")
        for values in (self.effective, self.intracellular, self.extracellular):
            if values is not None and not 1 <= len(values) <= 3:
                raise ValueError(f"found {len(values)} conductivities, allowed are 1, 2 or 3")
        return self

    def _optional(self) -> bool:
        return False


class TissueConductivity(ConductivityCase):
    """[tissue.conductivity] everywhere, and [tissue.conductivity.regions.NAME] where it differs."""

    regions: dict[str, ConductivityCase] = Field({}, description="region name or tag -> conductivity")

    def _optional(self) -> bool:
        return bool(self.regions)  # every region must then be named, which the mesh will show


class TissueCase(Section):
    """[tissue] the monodomain equation and its discretisation."""

    until: PositiveTime = Field(description="simulated time")
    dt: PositiveTime = Field(0.05, description="time step")
    surface_to_volume: InverseLength = Field(140.0, description="chi")
    capacitance: Capacitance = Field(0.01, description="Cm")
    conductivity: TissueConductivity
    splitting: Literal["godunov", "strang"] = Field("godunov", description="operator splitting")
    theta: float = Field(0.5, ge=0.5, le=1, description="0.5 Crank-Nicolson, 1 backward Euler")
    mass: Literal["lumped", "consistent"] | Share = Field(0.5, description="or the lumped share: docs/niederer.md")

    @property
    def lumping(self) -> float:
        """Share of the mass matrix that is lumped."""
        return {"lumped": 1.0, "consistent": 0.0}.get(self.mass, self.mass)  # type: ignore[arg-type]


class Box(Section):
    """An axis-parallel box."""

    min: Point
    max: Point


class Sphere(Section):
    """A ball."""

    centre: Point
    radius: PositiveLength


class StimulusCase(Section):
    """[[stimulus]] a current into the cells of a place, in pulses."""

    name: str = Field("stimulus", description="for messages")
    box: Box | None = None
    sphere: Sphere | None = None
    region: str | None = Field(None, description="region name or tag")
    node_set: str | None = Field(None, description="node set of the mesh")
    start: Time = 0.0
    duration: PositiveTime = 2.0
    strength: CurrentDensity = Field(50.0, description="current per tissue volume; positive depolarises")
    period: PositiveTime | None = Field(None, description="repeat every; default once")
    count: int | None = Field(None, ge=1, description="number of pulses; default until the end")

    @model_validator(mode="after")
    def _one_place(self):
        places = [p for p in ("box", "sphere", "region", "node_set") if getattr(self, p) is not None]
        if len(places) != 1:
            raise ValueError(f"found {' and '.join(places) or 'no place'}, give one of box, sphere, region, node_set")
        if self.count is not None and self.period is None:
            raise ValueError("count needs a period")
        if self.period is not None and self.period < self.duration:
            raise ValueError("period is shorter than duration")
        return self


class OutputCase(Section):
    """[output] what is written and when."""

    every: PositiveTime = Field(5.0, description="time between frames of result.exo")
    fields: tuple[str, ...] = Field(("V",), description="V and states of the cell model, by name")
    trace_every: PositiveTime = Field(0.5, description="time between rows of traces.nc")
    activation_threshold: Voltage = Field(0.0, description="activation: first upstroke through it")
    repolarisation: Share = Field(0.9, description="share of the way back to rest: 0.9 gives APD90")
    fibres: bool = Field(True, description="store fibre directions")


class SolverCase(Section):
    """[solver] the linear solve."""

    rtol: float = Field(1e-5, gt=0, lt=1, description="of the residual against the right-hand side")
    tolerance: Annotated[Voltage, Field(gt=0)] = Field(1e-4, description="root-mean-square, per step")
    options: dict[str, str | int | float | bool] = Field({}, description='PETSc options: ksp_type = "cg", ...')


class PartitionCase(Section):
    """[partition] who gets which element."""

    method: Literal["metis", "hilbert", "ptscotch"] = "metis"


class Case(Section):
    """One simulation."""

    title: str = ""
    mesh: MeshCase
    fibres: FibreCase = FibreCase()
    cells: CellCase
    tissue: TissueCase
    stimulus: tuple[StimulusCase, ...] = ()
    probes: dict[str, Point] = Field({}, description="name -> point; traces.nc holds V there")
    output: OutputCase = OutputCase()
    solver: SolverCase = SolverCase()
    partition: PartitionCase = PartitionCase()

    @model_validator(mode="after")
    def _times(self):
        for key, value in (("tissue.until", self.tissue.until), ("output.every", self.output.every),
                           ("output.trace_every", self.output.trace_every)):  # fmt: skip
            steps = value / self.tissue.dt
            if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) or round(steps) < 1:
                raise ValueError(
                    f"{key}: found {value:g} ms, it must be a multiple of tissue.dt = {self.tissue.dt:g} ms"
                )
        return self


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The Section inside ``tuple[X, ...]``, ``dict[str, X]`` or ``X | None``, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((s for s in map(section_of, get_args(annotation)) if s), None)
