"""The stimulus current of a model: how much of it adds exactly ``stimulus`` to dV/dt, and what the file applies itself.

With c = d(dV/dt)/di, a constant, the current i becomes i_0 + stimulus/c: its sign, its unit and the ions that it
carries are the model's. i_0 is what the file itself lets flow between its pulses, 0 in most files.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import myokit
import numpy as np

from hpc_twin.cellmodels.equations import STIMULUS, TIME, OwnStimulus
from hpc_twin.cellmodels.expressions.algebra import add, div, mul
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, evaluate, num, var
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.reading.labels import CURRENT, Labels, V

SEARCHED, SAMPLE = 20_000.0, 0.1  # ms: where pulses of the file are looked for, and how finely
RESOLUTION = 6  # decimals of a ms, to which edges of pulses are found

Signal = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Scene:
    """dV/dt in the file's units, what the file computes for opaque variables, constants, house units, the pacing."""

    v_rate: Expr
    own: Mapping[str, Expr]
    varying: Mapping[str, float]
    to_ms: float
    to_mv: float
    pace: str | None
    protocol: myokit.Protocol | None


@dataclass
class Feed:
    """What opaque variables become, whether dV/dt holds the stimulus by that, the pulses of the file."""

    replaced: dict[Expr, Expr] = field(default_factory=dict)
    fed: bool = False
    own: OwnStimulus | None = None


def choose(scene: Scene, candidates: list[tuple[myokit.Variable, str]], labels: Labels) -> Feed:
    """Take the first candidate that enters dV/dt linearly; all other opaque variables stay what the file says."""
    feed = Feed()
    slopes = {c.qname(): _slope(scene, c.qname(), guessed=bool(why)) for c, why in candidates}
    chosen = next((c for c, _ in candidates if slopes[c.qname()] is not None), None)
    for name, own in scene.own.items():
        if name != scene.pace:
            (own,) = substituted([own], feed.replaced)
            slope = slopes[name] if chosen is not None and name == chosen.qname() else None
            feed.replaced[var(name)] = own if slope is None else _fed(scene, own, slope, feed, labels.notes)
    if scene.pace is not None:
        pace = {var(scene.pace): num(scene.own[scene.pace].value or 0.0)}
        rewritten = substituted(list(feed.replaced.values()), pace)
        feed.replaced = {**dict(zip(feed.replaced, rewritten, strict=True)), **pace}
    _label(chosen, candidates, labels)
    return feed


def _label(chosen: myokit.Variable | None, candidates: list[tuple[myokit.Variable, str]], labels: Labels) -> None:
    for candidate, why in candidates:
        if candidate is chosen:
            labels.put(CURRENT, candidate, why)
        elif not why:
            del labels.found[CURRENT]
            labels.notes.append(
                f"stimulus current: dV/dt is not linear in {candidate.qname()}, the stimulus is added to dV/dt"
            )
    if chosen is None and V in labels.found:
        labels.notes.append("stimulus current: none found, the stimulus is added to dV/dt")


def _slope(scene: Scene, current: str, guessed: bool) -> Expr | None:
    """c = d(dV/dt)/di, or None if it is 0 or not constant, or if a current that was guessed depends on states."""
    if guessed and not depends([scene.own[current]])[scene.own[current]] <= {TIME, *scene.varying, *scene.own}:
        return None
    try:
        slope = derivative(scene.v_rate, var(current))
    except NoDerivative:
        return None
    if slope.value == 0 or (slope.value is not None and not math.isfinite(slope.value)):
        return None
    return slope if depends([slope])[slope] <= set(scene.varying) else None


def _fed(scene: Scene, own: Expr, slope: Expr, feed: Feed, notes: list[str]) -> Expr:
    """The current with the stimulus in it; ``feed`` learns of the pulses of the file."""
    feed.fed = True
    per_ms = float(evaluate([slope], dict(scene.varying))[0]) * scene.to_mv / scene.to_ms  # current to mV/ms
    needs = depends([own])[own]
    rest = own  # it depends on states: what the file computes flows on
    if scene.pace is not None and needs <= {scene.pace, *scene.varying}:
        feed.own = _paced(scene, own, per_ms)
        (rest,) = substituted([own], {var(scene.pace): num(0)})
    elif needs <= {TIME, *scene.varying}:
        signal = _signal(own, scene.varying)
        level = float(np.median(signal(_grid())))
        feed.own, rest = _pulses(signal, level, per_ms), num(level)
        if feed.own is not None and not _alike(signal, level, feed.own, per_ms):
            notes.append("stimulus current: the pulses of the file are not all alike, the mean of the first is taken")
    if rest.value != 0:
        notes.append("stimulus current: what the file lets flow at all times is kept beside the stimulus")
    if feed.own is None:
        notes.append(f"stimulus current: the file applies no pulses of its own (looked for over {SEARCHED / 1000:g} s)")
    factor = num(scene.to_ms / scene.to_mv)
    return add(rest, div(mul(factor, var(STIMULUS)), slope))


def _signal(own: Expr, varying: Mapping[str, float]) -> Signal:
    def signal(t: np.ndarray) -> np.ndarray:
        return np.broadcast_to(evaluate([own], {**varying, TIME: t})[0], t.shape).astype(float)

    return signal


def _grid() -> np.ndarray:
    return np.arange(0.0, SEARCHED, SAMPLE)


def _pulses(signal: Signal, rest: float, per_ms: float) -> OwnStimulus | None:
    """The first pulse of a signal and when it comes again; ``per_ms`` takes the current to mV/ms."""
    times = _grid()
    on = signal(times) != rest
    flips = np.flatnonzero(np.diff(on)) + 1
    rises, falls = flips[on[flips]], flips[~on[flips]]
    starts = [0.0] if on[0] else []
    starts += [_edge(signal, rest, times[k - 1], times[k]) for k in rises[:2]]
    if not starts or not falls.size:
        return None
    end = _edge(signal, rest, times[falls[0] - 1], times[falls[0]])
    level = float(np.mean(signal(np.linspace(starts[0], end, 201)[1:-1]))) - rest
    period = round(starts[1] - starts[0], RESOLUTION) if len(starts) > 1 else None
    return OwnStimulus(per_ms * level, starts[0], round(end - starts[0], RESOLUTION), period)


def _alike(signal: Signal, rest: float, own: OwnStimulus, per_ms: float) -> bool:
    """Whether ``own`` is all that the signal does until its last pulse, but for the samples beside edges."""
    times = _grid()
    times = times[: np.flatnonzero(signal(times) != rest)[-1] + 1]
    since = np.mod(times - own.start, own.period or np.inf)
    on = (times >= own.start) & (since < own.duration)
    within = on[1:-1] & on[:-2] & on[2:]
    outside = ~(on[1:-1] | on[:-2] | on[2:])
    found, level = signal(times)[1:-1] - rest, own.amplitude / per_ms
    return bool(np.allclose(found[within], level, rtol=1e-3) and not found[outside].any())


def _edge(signal: Signal, rest: float, before: float, after: float) -> float:
    """Where the signal switches between two samples."""
    was_on = signal(np.array([before]))[0] != rest
    while after - before > 0.1 * 10.0**-RESOLUTION:
        middle = 0.5 * (before + after)
        if (signal(np.array([middle]))[0] != rest) == was_on:
            before = middle
        else:
            after = middle
    return round(after, RESOLUTION)


def _paced(scene: Scene, own: Expr, per_ms: float) -> OwnStimulus | None:
    """The first event of the [[protocol]], whose level is the value of the variable bound to pace."""
    event = scene.protocol.head() if scene.protocol is not None else None
    if event is None:
        return None
    off, on = (float(evaluate([own], {**scene.varying, scene.pace: x})[0]) for x in (0.0, event.level()))
    if on == off:
        return None
    period = event.period() * scene.to_ms or None
    return OwnStimulus(per_ms * (on - off), event.start() * scene.to_ms, event.duration() * scene.to_ms, period)
