"""What could be done about what stops a run from scaling, as changes of the model: numbers before work."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hpc_twin.scaling.model import Load, Model
from hpc_twin.scaling.networks import Network

Improvement = Callable[[Model, Load, Network, float, float], dict[str, float]]

MORE_VECTORS = (
    1.4  # of CG's time on a core, by pipelined CG: 8 updates of vectors instead of 3 (Ghysels & Vanroose 2014)
)
CHEBYSHEV = 1.3  # of CG's iterations, by the Chebyshev iteration: guess
CALLS = 10e-6  # seconds of a step written in C throughout: guess


def as_it_is(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """CG with its two reductions per iteration, one after the other."""
    return model.step(load, network, iterations, frames)


def one_reduction(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """Both sums of an iteration in one message (Chronopoulos & Gear 1989): KSPCG's single reduction."""
    parts = model.step(load, network, iterations, frames)
    return {**parts, "reductions": parts["reductions"] * (2 + iterations) / (2 + 2 * iterations)}


def pipelined(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """One reduction, hidden behind product and halo as far as they last (Ghysels & Vanroose 2014)."""
    parts = one_reduction(model, load, network, iterations, frames)
    solve = MORE_VECTORS * parts["solve"]
    return {**parts, "solve": solve, "reductions": max(0.0, parts["reductions"] - parts["solve"] - parts["halo"])}


def chebyshev(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """No reductions but one at the end, more iterations, bounds of the spectrum known."""
    parts = model.step(load, network, CHEBYSHEV * iterations, frames)
    return {**parts, "reductions": parts["reductions"] / (2 + 2 * CHEBYSHEV * iterations)}


def overlapped(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """Ghosts travel while the inner rows are multiplied, perfectly."""
    parts = model.step(load, network, iterations, frames)
    return {**parts, "halo": max(0.0, parts["halo"] - parts["solve"])}


def compiled(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """The step without Python between its parts."""
    return {**model.step(load, network, iterations, frames), "calls": CALLS}


def together(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """Pipelined, overlapped and compiled."""
    parts = pipelined(model, load, network, iterations, frames)
    return {**parts, "halo": max(0.0, parts["halo"] - parts["solve"]), "calls": CALLS}


def faster_network(model: Model, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
    """Half the latency between nodes."""
    return model.step(load, replace(network, latency=network.latency / 2), iterations, frames)


IMPROVEMENTS: Mapping[str, Improvement] = {
    "as it is": as_it_is,
    "one reduction per iteration": one_reduction,
    "pipelined CG": pipelined,
    "Chebyshev": chebyshev,
    "halo overlapped": overlapped,
    "step without Python": compiled,
    "pipelined, overlapped, without Python": together,
    "half the latency": faster_network,
}
