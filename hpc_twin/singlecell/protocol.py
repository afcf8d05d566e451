"""How a cell is stimulated: a current of rectangular pulses, the same for all cells or one strength each."""

from dataclasses import dataclass

from hpc_twin.stepping import Pulses


@dataclass(frozen=True)
class Protocol:
    """Pulses of ``strength`` mV/ms (positive depolarises)."""

    strength: float
    pulses: Pulses

    @property
    def period(self) -> float | None:
        """From pulse to pulse [ms]; None where there is one only."""
        return self.pulses.period


def paced(period: float, strength: float, duration: float = 1.0, start: float = 0.0, beats: int | None = None):
    """A protocol of ``beats`` pulses (None: for ever), ``period`` ms apart."""
    return Protocol(strength, Pulses(start, duration, period, beats))
