"""Energy of a run: measured by the processors' own counters (RAPL) where they can be read, estimated elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from hpc_twin.parallel import first_on_node, min_over, sum_over

POWERCAP = Path("/sys/class/powercap")
WATTS_PER_CORE = 6.25  # 350 W over 56 cores: the Xeon 8480+ of MareNostrum 5, without memory, network and cooling


@dataclass(frozen=True)
class Zone:
    """A RAPL counter [uJ] of a processor or its memory; it begins anew at ``wraps``."""

    counter: Path
    wraps: int

    def read(self) -> int:
        """Raises OSError or ValueError where it cannot be read: mostly root alone may."""
        return int(self.counter.read_text())


class EnergyMeter:
    """Adds up what the counters of this node count: whole processors, also what others compute on them.

    One rank of a node reads. ``look`` at least once in the time that a counter takes to begin anew, some 10 minutes.
    """

    def __init__(self, comm, root: Path = POWERCAP):
        self._comm = comm
        self._reads = first_on_node(comm)
        self._zones = zones(root) if self._reads else []
        self._last = [zone.read() for zone in self._zones]
        self._microjoules = 0

    def look(self) -> None:
        """Read the counters."""
        for k, zone in enumerate(self._zones):
            now = zone.read()
            self._microjoules += (now - self._last[k]) % zone.wraps
            self._last[k] = now

    def joules(self) -> float | None:
        """Of all nodes since the beginning, or None where one of them cannot tell; collective."""
        self.look()
        known = min_over(self._comm, bool(self._zones) or not self._reads)
        total = sum_over(self._comm, 1e-6 * self._microjoules)
        return total if known else None


def zones(root: Path) -> list[Zone]:
    """Counters of processors, and of memory where it has one of its own; none when any of them cannot be read."""
    found = []
    try:
        for folder in sorted(root.glob("intel-rapl:*")):
            if (folder / "name").read_text().startswith(("package", "dram")):
                found.append(Zone(folder / "energy_uj", 1 + int((folder / "max_energy_range_uj").read_text())))
        for zone in found:
            zone.read()
    except (OSError, ValueError):
        return []
    return found
