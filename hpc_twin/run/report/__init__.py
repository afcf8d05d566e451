"""What a run says of itself, while it marches and at its end: progress, time by part, memory, energy."""

from hpc_twin.run.report.attributes import attributes
from hpc_twin.run.report.energy import EnergyMeter
from hpc_twin.run.report.progress import Progress
from hpc_twin.run.report.report import Loop, Report, make_report, peak_memory
from hpc_twin.run.report.timer import Timer

__all__ = ["EnergyMeter", "Loop", "Progress", "Report", "Timer", "attributes", "make_report", "peak_memory"]
