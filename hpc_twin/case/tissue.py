"""[tissue]: the equations of the tissue, their discretisation, and the linear solve."""

from typing import Annotated, Literal

from pydantic import Field

from hpc_twin.case.conductivity import TissueConductivity
from hpc_twin.case.eikonal import FootCase, VelocityCase
from hpc_twin.case.quantities import Capacitance, InverseLength, PositiveTime, Voltage
from hpc_twin.case.section import Section, Share


class TissueCase(Section):
    """[tissue] the equations and their discretisation."""

    model: Literal["monodomain", "bidomain", "pseudo_bidomain", "eikonal", "reaction_eikonal"] = Field(
        "monodomain", description="the equations that couple the cells"
    )
    order: Literal[1, 2] = Field(1, description="of the elements: 1 linear, 2 quadratic with nodes on edge midpoints")
    without: tuple[str, ...] = Field((), description="regions that neither conduct nor have cells, as a scar")
    until: PositiveTime = Field(description="simulated time")
    dt: PositiveTime = Field(0.05, description="time step")
    surface_to_volume: InverseLength = Field(140.0, description="chi")
    capacitance: Capacitance = Field(0.01, description="Cm")
    conductivity: TissueConductivity
    velocity: VelocityCase | None = Field(None, description="for the eikonal models")
    foot: FootCase | None = Field(None, description="for reaction_eikonal")
    splitting: Literal["godunov", "strang"] = Field("godunov", description="operator splitting")
    theta: float = Field(0.5, ge=0.5, le=1, description="0.5 Crank-Nicolson, 1 backward Euler")
    mass: Literal["lumped", "consistent"] | Share | None = Field(
        None, description="or the lumped share; by default 0.5 of order 1, consistent of order 2: docs/verification.md"
    )

    @property
    def lumping(self) -> float:
        """Share of the mass matrix that is lumped."""
        if self.mass is None:
            return 0.5 if self.order == 1 else 0.0
        return {"lumped": 1.0, "consistent": 0.0}.get(self.mass, self.mass)  # type: ignore[arg-type]


class SolverCase(Section):
    """[solver] the linear solve."""

    rtol: float = Field(0.0, ge=0, lt=1, description="of the residual against the right-hand side; 0: none")
    tolerance: Annotated[Voltage, Field(gt=0)] = Field(
        1e-4, description="root-mean-square, per step; the solve ends when this or rtol is met"
    )
    options: dict[str, str | int | float | bool] = Field({}, description='PETSc options: ksp_type = "cg", ...')
