"""How big the mesh of a case is, at its own fineness and at others, without building what is too big for that."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from hpc_twin.case import Case
from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.mesh.generate import GENERATORS
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError
from hpc_twin.run.meshes import case_mesh
from hpc_twin.scaling.lattice import Simplices
from hpc_twin.units import parse

COARSEST = 64.0  # times the case's own edge length: a first look at what a generator makes
SECOND = 0.8  # of the edge length of a mesh: another, where one is not enough
ESTIMATED = "estimated"
SURFACE = 0.7  # of the nodes of a mesh, at most, are its surface's
NEWTON = 50  # turns that an edge length is looked for in
CLOSE = 1.2  # edge lengths within this factor are as good as equal
LARGEST = 150_000  # nodes that are built to be counted
FINER = 0.5  # where a generator refuses an edge length, it is asked for this share of it


@dataclass(frozen=True)
class Size:
    """Nodes and elements; ``h``: edge length against the case's; ``overrides`` that make it; ``how`` it is known."""

    nodes: int
    elements: int
    h: float
    overrides: tuple[str, ...]
    how: str


class Sizes:
    """The sizes that the mesh of a case can have: by ``mesh.refine`` if it is refined, else by its generator's h."""

    def __init__(self, loaded: LoadedCase, overrides: tuple[str, ...] = ()):
        if loaded.case.mesh.file is None and loaded.case.mesh.generate is None:
            raise InputError(
                "mesh.split: found a split alone; to plan or scale, give mesh.file or mesh.generate of what was split"
            )
        self.loaded, self.overrides = loaded, overrides
        self._known: dict[float, tuple[Size, Mesh]] = {}

    @cached_property
    def edge(self) -> float | None:
        """The generator's h [mm]; None where the mesh is refined or has no h."""
        wanted = self.loaded.case.mesh
        known = inspect.signature(GENERATORS[wanted.generate]).parameters if wanted.generate in GENERATORS else {}
        if "h" not in known or wanted.refine:
            return None
        value = wanted.shape.get("h", known["h"].default)
        return parse(value, "length") if isinstance(value, str) else float(value)  # type: ignore[arg-type]

    @cached_property
    def coarsest(self) -> tuple[Size, Mesh]:
        """The coarsest that the generator makes, or, where ``mesh.refine`` is, what is refined."""
        if self.edge is None:
            return self._built(2.0**self.loaded.case.mesh.refine)
        ratio = COARSEST
        while ratio > 1:
            try:
                return self._built(ratio)
            except InputError:
                ratio *= FINER
        return self._built(1.0)

    @property
    def dimension(self) -> int:
        """Of the largest elements."""
        return self.coarsest[1].width - 1

    def near(self, nodes: int, finest: float = 1.0) -> Size:
        """The one of about so many nodes, not finer than ``finest`` times the case's own."""
        if self.edge is None:
            return self._halved_to(nodes)
        size = self.coarsest[0]
        for _ in range(2):
            ratio = max(size.h * (size.nodes / nodes) ** (1 / self.dimension), finest)
            if ratio == finest or not size.h / CLOSE < ratio < CLOSE * size.h:
                size = self._not_too_coarse(ratio, size.h)
        return size

    def mesh(self, size: Size) -> Mesh:
        """Build one that was found."""
        return case_mesh(self._case(size.overrides), self.loaded.folder)[0]

    def finer(self, coarse: Size, nodes: float, finest: float = 1.0) -> Size:
        """One of about so many nodes, not built: estimated from ``coarse`` and another, or counted; as ``near``."""
        if self.edge is None:
            return self._halved_to(nodes)
        other = self.coarsest[0] if self.coarsest[0].h > coarse.h else self._built(max(SECOND * coarse.h, 1.0))[0]
        law, elements = self._laws(*sorted((coarse, other), key=lambda size: size.h))
        h = coarse.h if nodes < law(finest) else finest
        for _ in range(NEWTON):
            h = max(h * (law(h) / nodes) ** (1 / self.dimension), finest)
        words = () if h == 1 else (self._override(h),)
        return Size(round(law(h)), round(elements(h)), h, words, ESTIMATED)

    def full(self, fine: Size, coarse: Size, elements: int | None = None) -> Size:
        """The case's own: ``fine`` if it is that, else by a law through both; or of ``elements`` as given."""
        if elements is not None:
            return self._given(fine, coarse, elements)
        if self.edge is None:
            return self._halved(self.loaded.case.mesh.refine)
        return fine if fine.h == 1 else self._extrapolated(fine, coarse)

    def _extrapolated(self, fine: Size, coarse: Size) -> Size:
        words = f"estimated from meshes {coarse.h:.2g} and {fine.h:.2g} times as coarse"
        nodes, elements = self._laws(fine, coarse)
        return Size(round(nodes(1.0)), round(elements(1.0)), 1.0, (), words)

    def _given(self, fine: Size, coarse: Size, elements: int) -> Size:
        """So fine that the law gives as many ``elements``; a mesh that has one size only is thought of as halved."""
        nodes, law = self._laws(fine, coarse)
        h = fine.h
        for _ in range(NEWTON):
            h *= (law(h) / elements) ** (1 / self.dimension)
        return Size(round(nodes(h)), elements, h, (), "elements as given")

    def _laws(self, fine: Size, coarse: Size) -> tuple[Callable[[float], float], Callable[[float], float]]:
        """Nodes and elements of a mesh of h, by volume and surface: N = a / h^d + b / h^(d-1), through both."""
        d = self.dimension

        def law(one: int, other: int) -> Callable[[float], float]:
            at_fine, at_coarse = one * fine.h**d, other * coarse.h**d
            slope = (at_coarse - at_fine) / (coarse.h - fine.h) if coarse.h > fine.h else 0.0
            slope = min(slope, SURFACE * at_fine / fine.h)  # meshes of a few elements are no law
            return lambda h: (at_fine + slope * (h - fine.h)) / h**d

        return law(fine.nodes, coarse.nodes), law(fine.elements, coarse.elements)

    def _halved_to(self, nodes: float) -> Size:
        """The coarsest, halved while it stays within ``nodes`` and the case's own fineness."""
        times = 0
        while times < self.loaded.case.mesh.refine and self._halved(times + 1).nodes <= nodes:
            times += 1
        return self._halved(times)

    def _halved(self, times: int) -> Size:
        """The coarsest, halved ``times`` times, by formula; of order 2, midpoints are nodes of one time more."""
        case, whole = self.loaded.case, Simplices.of(self.coarsest[1])
        nodes = whole.refined(times + case.tissue.order - 1).n_nodes
        words = () if times == case.mesh.refine else (f"mesh.refine={times}",)
        return Size(nodes, whole.refined(times).n_elements, 2.0 ** (case.mesh.refine - times), words, "counted")

    def _not_too_coarse(self, ratio: float, known: float) -> Size:
        try:
            return self._built(ratio)[0]
        except InputError:
            return self._built(known)[0]

    def _built(self, ratio: float) -> tuple[Size, Mesh]:
        if ratio not in self._known:
            words = () if ratio == 1 else (self._override(ratio),)
            mesh, _ = case_mesh(self._case(words), self.loaded.folder)
            self._known[ratio] = Size(mesh.n_nodes, mesh.n_elements, ratio, words, "built"), mesh
        return self._known[ratio]

    def _case(self, words: tuple[str, ...]) -> Case:
        return load_case(self.loaded.source, (*self.overrides, *words)).case

    def _override(self, ratio: float) -> str:
        return "mesh.refine=0" if self.edge is None else f'mesh.shape.h="{self.edge * ratio:.6g} mm"'
