"""What a case may say, section by section. docs/case.md is made from these descriptions."""

from pydantic import Field, model_validator

from hpc_twin.case.bath import BathCase
from hpc_twin.case.bidomain import BidomainCase
from hpc_twin.case.cells import CellCase
from hpc_twin.case.checkpoint import CheckpointCase
from hpc_twin.case.checks import CHECKS
from hpc_twin.case.ecg import EcgCase
from hpc_twin.case.electrode import ElectrodeCase
from hpc_twin.case.fibres import FibreCase
from hpc_twin.case.initial import InitialCase
from hpc_twin.case.mesh import MeshCase, PartitionCase
from hpc_twin.case.output import OutputCase
from hpc_twin.case.purkinje import PurkinjeCase
from hpc_twin.case.quantities import Point
from hpc_twin.case.region import RegionCase
from hpc_twin.case.section import Section
from hpc_twin.case.stimulus import StimulusCase
from hpc_twin.case.tissue import SolverCase, TissueCase


class Case(Section):
    """One simulation."""

    title: str = ""
    mesh: MeshCase
    region: tuple[RegionCase, ...] = ()
    fibres: FibreCase = FibreCase()
    cells: CellCase
    tissue: TissueCase
    purkinje: PurkinjeCase | None = None
    bath: BathCase = BathCase()
    bidomain: BidomainCase = BidomainCase()
    stimulus: tuple[StimulusCase, ...] = ()
    electrode: tuple[ElectrodeCase, ...] = ()
    initial: InitialCase | None = None
    probes: dict[str, Point] = Field(
        {}, description="name -> point; traces.nc holds V there, and phi_e if it is in output.fields"
    )
    ecg: EcgCase | None = None
    output: OutputCase = OutputCase()
    solver: SolverCase = SolverCase()
    partition: PartitionCase = PartitionCase()
    checkpoint: CheckpointCase = CheckpointCase()

    @model_validator(mode="after")
    def _consistent(self):
        for check in CHECKS:
            check(self)
        return self
