"""The machines that predictions are made for: networks.toml, or a file of the user's with the same keys."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

from hpc_twin.parallel import InputError, nearest
from hpc_twin.texts import parse_toml, read_text

OURS = Path(__file__).with_name("networks.toml")
HERE = "here"


@dataclass(frozen=True)
class Network:
    """Units: us, us, us, Gb/s, 1, GB/s, MB, GB, GB/s, W; networks.toml says what each is."""

    name: str
    title: str
    latency: float
    node_latency: float
    overhead: float
    bandwidth: float
    cores: int
    memory_bandwidth: float
    cache: float
    memory: float
    writer: float
    power: float

    def nodes(self, ranks: int) -> int:
        """Nodes that ``ranks`` fill."""
        return -(-ranks // self.cores)


def read_networks(path: Path | None = None) -> dict[str, Network]:
    """By name, in the file's order. Raises InputError naming file, table and key."""
    path = path or OURS
    try:
        tables = parse_toml(read_text(path))
    except FileNotFoundError as error:
        raise InputError(f"--networks: cannot read {path} ({error.strerror})") from None
    except InputError as error:
        raise InputError(f"--networks: {path}: {error}") from None
    return {name: _network(path, name, table) for name, table in tables.items()}


def chosen(known: dict[str, Network], names: list[str]) -> list[Network]:
    """Those of ``names``. Raises InputError for one that is not known."""
    for name in names:
        if name not in known:
            raise InputError(f"--network: found '{name}'{nearest(name, known)} (known: {', '.join(known)})")
    return [known[name] for name in names]


def here(triad: float, cores: int) -> Network:
    """This machine by itself: ranks share its memory, whose bandwidth ``triad`` [GB/s] was measured on all cores."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Network(
        HERE, "this machine", 0.5, 0.5, 0.3, 8 * triad, cores, triad, cache_here(cores), memory, 1.0, 10.0 * cores
    )


def cache_here(ranks: int) -> float:
    """MB of the second and third level for each of ``ranks`` here, as Linux tells; 2 where it does not."""
    found = {}
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            level, size = (index / "level").read_text(), (index / "size").read_text()
        except OSError:
            continue
        found[int(level)] = float(size.strip().rstrip("K")) / 1000
    return found.get(2, 2.0) + found.get(3, 0.0) / ranks


def _network(path: Path, name: str, table: object) -> Network:
    if not isinstance(table, dict):
        raise InputError(f"{path}: '{name}' is no table: write [NAME] and the keys of a network below it")
    wanted = [field.name for field in fields(Network) if field.name != "name"]
    for key in table:
        if key not in wanted:
            raise InputError(f"{path}: {name}: unknown key '{key}'{nearest(key, wanted)} (known: {', '.join(wanted)})")
    for key in wanted:
        value = table.get(key)
        if key == "title":
            table[key] = str(table.get(key, name))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise InputError(f"{path}: {name}.{key}: found {value!r}, it must be a number above 0")
    return Network(name, **{**table, "cores": int(table["cores"])})
