"""What there is to know about a mesh before computing on it."""

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from hpc_twin.mesh.checks import Finding, pieces, problems
from hpc_twin.mesh.model import NAMES, Mesh
from hpc_twin.mesh.quality import edge_lengths, mean_ratio, measures
from hpc_twin.mesh.read import UNITS

HEARTS = (
    (4.0, 13.0, "a mouse heart"),
    (13.0, 22.0, "a rat heart"),
    (22.0, 55.0, "a rabbit heart"),
    (55.0, 220.0, "a human heart"),
)
MEASURES = {4: "mm^3", 3: "mm^2", 2: "mm"}
PLURALS = {"tetrahedron": "tetrahedra", "triangle": "triangles", "line": "lines"}
PER_NODE, PER_ELEMENT = 800.0, 300.0  # bytes: a matrix of 15 entries a row, vectors, 19 states; elements and their halo


@dataclass(frozen=True)
class Region:
    """One region: tag, name, number of elements, size of its largest kind of element and the unit of that."""

    tag: int
    name: str
    elements: int
    size: float
    unit: str


@dataclass(frozen=True)
class Description:
    """What ``describe`` found. Lengths in mm; ``edge`` is min, median, max; ``quality`` worst, 1st percentile, median.

    ``directions`` maps "fibres" and "sheets" to the share of elements that have a usable one (no key: not in the file).
    ``edge``, ``quality``, ``regions`` and ``pieces`` are empty when coordinates or node indices are no good.
    """

    source: str
    nodes: int
    kinds: dict[str, int]
    box: np.ndarray
    unit: str
    edge: tuple[float, ...]
    quality: tuple[float, ...]
    regions: tuple[Region, ...]
    directions: dict[str, float]
    node_sets: dict[str, int]
    pieces: tuple[int, ...]
    memory: float
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def describe(mesh: Mesh, source, unit: str = "mm") -> Description:
    """Look at ``mesh``, read from ``source`` in ``unit``, from all sides; never raises for what is wrong with it."""
    findings = problems(mesh)
    sound = not {"empty", "coordinates", "indices"} & {finding.what for finding in findings}
    sizes = mesh.sizes
    finite = mesh.points[np.isfinite(mesh.points).all(axis=1)]
    box = np.array([finite.min(axis=0), finite.max(axis=0)]) if len(finite) else np.zeros((2, 3))
    return Description(
        source=str(source),
        nodes=mesh.n_nodes,
        kinds={NAMES[size]: int((sizes == size).sum()) for size in (4, 3, 2) if (sizes == size).any()},
        box=box,
        unit=guessed_unit(box[1] - box[0], unit),
        edge=_spread(edge_lengths(mesh), 0, 50, 100) if sound else (),
        quality=_spread(mean_ratio(mesh), 0, 1, 50) if sound else (),
        regions=_regions(mesh) if sound else (),
        directions=_directions(mesh),
        node_sets={name: len(nodes) for name, nodes in mesh.node_sets.items()},
        pieces=tuple(pieces(mesh).tolist()) if sound else (),
        memory=PER_NODE * mesh.n_nodes + PER_ELEMENT * mesh.n_elements,
        notes=mesh.notes,
        findings=tuple(findings),
    )


def guessed_unit(extent: np.ndarray, read_as: str = "mm") -> str:
    """Say whether a mesh of ``extent`` (3,) mm could be a heart, or which other unit of the file would make it one."""
    longest = float(extent.max())
    if _heart(longest):
        return f"{read_as}, it seems: {longest:.4g} mm across could be {_heart(longest)}"
    others = {unit: longest * factor / UNITS[read_as] for unit, factor in UNITS.items() if unit != read_as}
    likely = [
        f'{_heart(length)} ({length:.4g} mm) with unit = "{unit}"' for unit, length in others.items() if _heart(length)
    ]
    if likely:
        return f"read as {read_as}, which makes it {longest:.4g} mm across; it would be {' or '.join(likely)}"
    return f"no guess: {longest:.4g} mm across, no heart in any of {', '.join(UNITS)}"


def table(description: Description) -> Table:
    """Lay a description out for the terminal."""
    d = description
    grid = Table(title=d.source, show_header=False, title_justify="left")
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for key, text in _lines(d):
        grid.add_row(key, text)
    for note in d.notes:
        grid.add_row("note", note)
    for finding in d.findings:
        grid.add_row({"error": "ERROR", "warning": "warning"}.get(finding.severity, finding.severity), finding.text)
    if not d.findings:
        grid.add_row("looks wrong", "nothing")
    return grid


def _lines(d: Description):
    """Yield the rows (key, text) of the table."""
    low, high = d.box
    yield "nodes", f"{d.nodes:,}"
    yield "elements", ", ".join(f"{count:,} {PLURALS[kind]}" for kind, count in d.kinds.items())
    yield "bounding box", " x ".join(f"{a:.4g}..{b:.4g}" for a, b in zip(low, high, strict=True)) + " mm"
    yield "length unit", d.unit
    if d.edge:
        yield "edges", "min {:.4g}, median {:.4g}, max {:.4g} mm".format(*d.edge)
        yield (
            "quality",
            "mean ratio: worst {:.3f}, 1st percentile {:.3f}, median {:.3f} (1 is ideal)".format(*d.quality),
        )
    for region in d.regions:
        name = f" ({region.name})" if region.name else ""
        yield f"region {region.tag}", f"{region.elements:,} elements, {region.size:.5g} {region.unit}{name}"
    for name, share in d.directions.items():
        yield name, f"{share:.2%} of the elements"
    for name, count in d.node_sets.items():
        yield "node set", f"{name}: {count:,} nodes"
    if d.pieces:
        yield "pieces", f"{len(d.pieces)}"
    yield "memory", f"about {d.memory / 2**20:,.0f} MiB in a monodomain run, all ranks together"


def _spread(values: np.ndarray, *percentiles: float) -> tuple[float, ...]:
    return tuple(np.percentile(values, percentiles).tolist())


def _heart(longest: float) -> str:
    return next((name for low, high, name in HEARTS if low <= longest < high), "")


def _regions(mesh: Mesh) -> tuple[Region, ...]:
    tags, place = np.unique(mesh.regions, return_inverse=True)
    widest = np.zeros(len(tags), dtype=np.int64)
    np.maximum.at(widest, place, mesh.sizes)
    size = np.where(mesh.sizes == widest[place], np.abs(measures(mesh)), 0.0)
    rows = zip(tags, np.bincount(place), np.bincount(place, weights=size), widest, strict=True)
    return tuple(
        Region(int(tag), mesh.region_names.get(int(tag), ""), int(count), float(total), MEASURES[int(width)])
        for tag, count, total, width in rows
    )


def _directions(mesh: Mesh) -> dict[str, float]:
    given = {"fibres": mesh.fibres, "sheets": mesh.sheets}
    return {
        name: float((np.abs(np.linalg.norm(vectors, axis=1) - 1) < 1e-3).mean())
        for name, vectors in given.items()
        if vectors is not None and len(vectors)
    }
