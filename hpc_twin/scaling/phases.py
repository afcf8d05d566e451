"""How a whole run differs from its begin: a small mesh is followed to the end, a large one is seen for a while."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.scaling.iterations import Growth
from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.steps import cost_of_measures, mean_of

WHOLE = 0.93  # of a run is as good as all of it
LEAST = 0.05  # iterations of a step: of fewer no ratio is taken


@dataclass(frozen=True)
class Phases:
    """``samples`` on meshes of ``sizes`` (h against ``own``, which is planned for)."""

    samples: Sequence[Sample]
    sizes: Sequence[float]
    own: float

    @property
    def followed(self) -> Sample:
        """The run that came farthest, on the largest mesh if several did."""
        return max(self.samples, key=lambda s: (_end(s), s.nodes, -s.ranks))

    @property
    def large(self) -> Sample:
        """The run on the largest mesh that came farthest."""
        return max(self.samples, key=lambda s: (s.nodes, _end(s)))

    def iterations(self) -> float:
        """Per step, of the whole run on the case's own mesh: as followed, times what the large mesh has more."""
        followed, large = self.followed, self.large
        common = min(_end(followed), _end(large))
        on_small, on_large = (mean_of(s.windows, common) for s in (followed, large))
        whole = mean_of(followed.windows)
        ratio = on_large / on_small if on_small > LEAST else self._growth.ratio(self._h(followed), self._h(large))
        return whole * ratio * self._growth.ratio(self._h(large), self.own)

    def measures(self) -> float:
        """What measures take in the whole run against the time in which the large mesh was seen."""
        windows = self.followed.windows
        begin = [window for window in windows if window.until <= _end(self.large) * (1 + 1e-9)] or windows[:1]
        return cost_of_measures(windows) / cost_of_measures(begin)

    def words(self, until: float) -> str:
        """What was followed, how far."""
        followed, large = self.followed, self.large
        far = "the whole run" if _end(followed) >= WHOLE * until else f"{_end(followed):g} of {until:g} ms"
        return (
            f"iterations of the solver per step: {self.iterations():.2f}; {mean_of(followed.windows):.2f} in {far} on "
            f"{followed.nodes:,} nodes, {mean_of(large.windows):.2f} in {_end(large):g} ms on {large.nodes:,} nodes"
        )

    @property
    def _growth(self) -> Growth:
        """With finer meshes, from runs over the same time."""
        runs = [(h, s) for h, s in zip(self.sizes, self.samples, strict=True) if s.windows]
        common = min(_end(s) for _, s in runs)
        return Growth.through([(h, mean_of(s.windows, common)) for h, s in runs])

    def _h(self, sample: Sample) -> float:
        return self.sizes[list(self.samples).index(sample)]


def _end(sample: Sample) -> float:
    return sample.windows[-1].until if sample.windows else 0.0
