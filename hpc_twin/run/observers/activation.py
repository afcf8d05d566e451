"""Maps of the beats: activation, repolarisation, action potential duration, cycle length, velocity of the front."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem.memory import Kept, Memory, under
from hpc_twin.parallel import max_over, min_over, say, sum_over, warn
from hpc_twin.run.observers.seldom import Seldom
from hpc_twin.stepping import Clock
from hpc_twin.tissue.measures import Activation, Repolarisation, front_velocity
from hpc_twin.tissue.problem import Problem, Shown

REPOLARISATION_EVERY = 0.5  # ms
MOVED = 30.0  # mV: more than a stimulus that fails leaves behind
MEASURES = {"activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity"}

FRONTS = ("", "last_"), ("the first beat's front", "the last front")

Known = Mapping[str, tuple[str, str, Callable[[], np.ndarray]]]  # name -> (unit, long_name, values)


class ActivationMaps:
    """An Observer: activation in every step, repolarisation each half millisecond."""

    fields: Mapping[str, Shown] = {}

    def __init__(self, case: Case, problem: Problem):
        output, V = case.output, problem.V.owned
        self._V, self._dt, self._part = V, case.tissue.dt, problem.part
        self._threshold, self._told = output.activation_threshold, False
        self._looks = Clock.of(REPOLARISATION_EVERY, self._dt)
        self._range = np.array((V.min(initial=np.inf), V.max(initial=-np.inf)))  # of V, seen at the looks
        rest = _rest(problem)
        self._activation = Activation(V, output.activation_threshold, rest)
        self._repolarisation = Repolarisation(V, output.repolarisation, rest)
        begin, part, until = self._activation, problem.part, case.tissue.until
        beats = [begin.times, begin.last][: _fronts(output.measures)]
        unknown = np.full((len(beats), len(V), 3), np.nan)
        self._fronts = [
            Seldom(until, partial(front_velocity, part, times), known)
            for times, known in zip(beats, unknown, strict=True)
        ]
        self._known = _chosen(
            output.measures, output.repolarisation, begin, self._repolarisation, [front.value for front in self._fronts]
        )
        self.maps: Mapping[str, tuple[str, str]] = {name: known[:2] for name, known in self._known.items()}

    def see(self, step: int, t: float) -> None:
        """Look at V."""
        if step:
            self._activation.update(self._V, t, self._dt)
            if self._looks.rings(step):
                self._range[:] = self._V.min(initial=self._range[0]), self._V.max(initial=self._range[1])
                self._repolarisation.update(self._V, self._activation, t, self._looks.every * self._dt)
        for front in self._fronts:
            front.now = t

    def values(self) -> dict[str, np.ndarray]:
        """NaN where it has not happened."""
        return {name: values() for name, (_, _, values) in self._known.items()}

    def memory(self) -> Memory:
        """Beats, velocities of fronts, and how far V went."""
        part, (low, high) = self._part, (self._range[:1], self._range[1:])
        found = {**self._activation.memory(part), **under("end", self._repolarisation.memory(part))}
        for k, front in enumerate(self._fronts):
            found |= under(f"front_{k}", front.memory(part))
        return {**found, "lowest": Kept(low, agreed=min_over), "highest": Kept(high, agreed=max_over)}

    def flush(self) -> None:
        """No files."""

    def close(self, complete: bool) -> int:
        """No files; says how much of the tissue was activated, or that nothing was."""
        if complete and not self._told:
            self._tell()
            self._told = True
        return 0

    def _tell(self) -> None:
        times, comm = self._activation.times, self._part.comm
        known = times[np.isfinite(times)]
        number = sum_over(comm, len(known))
        if number == 0:
            warn(comm, f"nothing was activated: {self._why(*self._range)}")
            return
        first, last = min_over(comm, known.min(initial=np.inf)), max_over(comm, known.max(initial=-np.inf))
        say(comm, f"{number:,} of {self._part.n_nodes:,} nodes were activated, from {first:.4g} to {last:.4g} ms")

    def _why(self, lowest: float, highest: float) -> str:
        """What V did instead of rising through the threshold; collective."""
        low, high, key = min_over(self._part.comm, lowest), max_over(self._part.comm, highest), self._threshold
        if low >= key:
            return f"output.activation_threshold = {key:g} mV is below all V, which was {low:.4g} mV at least"
        words = f"V rose nowhere through {key:g} mV"
        moved = f", but moved between {low:.4g} and {high:.4g} mV: is output.activation_threshold too high?"
        return words + moved if high - low > MOVED else words


def _fronts(measures: tuple[str, ...]) -> int:
    """How many fronts are looked at: none, the first beat's, or the last one too."""
    return 0 if "velocity" not in measures else 1 + ("last_beat" in measures)


def _velocity(prefix: str, words: str, velocity: Callable[[], np.ndarray]) -> Known:
    """Components and size of ``velocity()`` (n_owned, 3)."""

    def component(k: int) -> Callable[[], np.ndarray]:
        return lambda: velocity()[:, k]

    found = {f"{prefix}velocity_{a}": ("m/s", f"velocity of {words}, {a}", component(k)) for k, a in enumerate("xyz")}
    size = ("m/s", f"conduction velocity of {words}", lambda: np.linalg.norm(velocity(), axis=1))
    return {**found, f"{prefix}speed": size}


def _rest(problem: Problem) -> np.ndarray:
    """(n_owned,) V at which the cells of each node rest, also where the run starts in the middle of a beat."""
    rest = problem.V.owned.copy()
    for population in problem.populations:
        population.rest(rest)
    return rest


def _chosen(
    measures: tuple[str, ...],
    share: float,
    begin: Activation,
    end: Repolarisation,
    fronts: list[Callable[[], np.ndarray]],
) -> Known:
    """What ``measures`` asks for."""
    apd = f"APD{round(100 * share)}"
    first = "activation of the first beat: upstroke through the threshold"
    known: dict[str, Known] = {
        "activation": {"activation": ("ms", first, lambda: begin.times)},
        "repolarisation": {"repolarisation": ("ms", "repolarisation of the first beat", lambda: end.times)},
        "apd": {apd: ("ms", "action potential duration of the first beat", lambda: end.times - begin.times)},
        "last_beat": {
            "beats": ("1", "number of activations", lambda: begin.count.astype(float)),
            "last_activation": ("ms", "activation of the last beat", lambda: begin.last),
            "last_repolarisation": ("ms", "repolarisation of the last beat that ended", lambda: end.last),
            f"last_{apd}": ("ms", "action potential duration of the last beat that ended", lambda: end.duration),
            "last_DI": ("ms", "diastolic interval before the last activation", lambda: end.interval),
        },
        "cycle_length": {
            "cycle_length": ("ms", "mean time between activations", begin.mean_cycle),
            "last_cycle_length": ("ms", "time between the last two activations", lambda: begin.cycle),
        },
    }
    for measure, prefix, words, front in zip(("velocity", "last_beat"), *FRONTS, fronts, strict=False):
        known[measure] = {**known.get(measure, {}), **_velocity(prefix, words, front)}
    return {name: words for measure in known if measure in measures for name, words in known[measure].items()}
