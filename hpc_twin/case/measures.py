"""What [output] measures asks for, beside the maps: phase and frequencies."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from hpc_twin.case.quantities import Frequency, PositiveTime, Time, Voltage
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

Measure = Literal[
    "activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity",
    "phase", "singularities", "dominant_frequency",
]  # fmt: skip
BEATS = ("activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity")
ENDS = ("repolarisation", "apd", "last_beat")
CYCLES = 2.0  # of the lowest frequency in the time that is analysed
MAIN_LOBE = 2.0  # half the width of a Hann window's, times its length


class PhaseCase(Section):
    """Phase of the measures "phase" and "singularities": the angle of (V(t), V(t - delay)) about an origin."""

    origin: Voltage = Field(-40.0, description="V about which the phase turns: between rest and plateau")
    delay: PositiveTime = Field(10.0, description="between the two V")
    every: PositiveTime = Field(1.0, description="time between rows of singularities.nc")
    tip: Literal["phase", "isoline"] = Field(
        "phase", description='a singularity: of the phase, or "isoline": V = origin and dV/dt = 0'
    )


class FrequencyCase(Section):
    """Frequencies of the measure "dominant_frequency"."""

    low: Frequency = Field(1.0, description="lowest")
    high: Frequency = Field(20.0, description="highest")
    step: Frequency = Field(0.25, description="between them; a parabola finds it finer. Costs 8 bytes a node each")
    start: Time = Field(0.0, description="V is looked at from here to tissue.until")


def measures(case: "Case") -> None:
    """Keys of beats, phases and frequencies are for those who measure them, and fit the clocks."""
    wanted: set[str] = set(case.output.measures)
    for key, users in (("activation_threshold", BEATS), ("repolarisation", ENDS)):
        if key in case.output.model_fields_set and not wanted & set(users):
            raise ValueError(f"output.{key}: output.measures holds none of {', '.join(users)}")
    phase = case.output.phase
    if "phase" in case.output.fields and "phase" not in wanted:
        raise ValueError('output.fields: "phase" needs output.measures to hold it too')
    if phase.model_fields_set and not wanted & {"phase", "singularities"}:
        raise ValueError('output.phase: output.measures holds neither "phase" nor "singularities"')
    if wanted & {"phase", "singularities"}:
        _phase(case, wanted)
    if case.output.frequency.model_fields_set and "dominant_frequency" not in wanted:
        raise ValueError('output.frequency: output.measures does not hold "dominant_frequency"')
    if "dominant_frequency" in wanted:
        _frequency(case)


def _phase(case: "Case", wanted: set[str]) -> None:
    phase = case.output.phase
    if phase.tip == "isoline" and "singularities" not in wanted:
        raise ValueError('output.phase.tip: output.measures does not hold "singularities"')
    if phase.tip == "isoline" and "phase" not in wanted and "delay" in phase.model_fields_set:
        raise ValueError('output.phase.delay: tip = "isoline" has none')
    _multiple("output.phase.every", phase.every, "tissue.dt", case.tissue.dt)
    _multiple("output.phase.delay", phase.delay, "output.phase.every", phase.every)
    if "phase" in wanted:
        _multiple("output.every", case.output.every, "output.phase.every", phase.every)
    for key, time in (("every", phase.every), ("delay", phase.delay)):
        if key in phase.model_fields_set and time > case.tissue.until:
            raise ValueError(f"output.phase.{key}: found {time:g} ms, after tissue.until = {case.tissue.until:g} ms")


def _multiple(key: str, time: float, name: str, unit: float) -> None:
    steps = time / unit
    if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) or round(steps) < 1:
        raise ValueError(f"{key}: found {time:g} ms, it must be a multiple of {name} = {unit:g} ms")


def _frequency(case: "Case") -> None:
    found, until = case.output.frequency, case.tissue.until
    if not found.low < found.high:
        raise ValueError(f"output.frequency: found low {found.low:g} Hz and high {found.high:g} Hz")
    if found.step > (found.high - found.low) / 2:
        raise ValueError(f"output.frequency.step: found {found.step:g} Hz, at most half of high - low")
    seconds = (until - found.start) / 1000
    if seconds * found.low < CYCLES * (1 - 1e-9):
        raise ValueError(
            f"output.frequency: from {found.start:g} ms to tissue.until = {until:g} ms there are fewer than {CYCLES:g} "
            f"cycles of low = {found.low:g} Hz: let tissue.until be at least "
            f"{found.start + CYCLES * 1000 / found.low:g} ms, or low at least {CYCLES / max(seconds, 1e-9):.3g} Hz"
        )
    if found.step * seconds > 2 * MAIN_LOBE:
        raise ValueError(
            f"output.frequency.step: found {found.step:g} Hz, too coarse for the peaks of {seconds:g} s: at most "
            f"{2 * MAIN_LOBE / seconds:.3g} Hz"
        )
