"""From the sinus node to the His bundle as cables: the node, a tract through the atria, the atrioventricular node.

The atria themselves are not there: one tract stands for all ways through them.
"""

import numpy as np

from hpc_twin.mesh.network.model import Network, cable, together

KINDS = ("sinus_node", "atrium", "av_node")
SEGMENTS = (0.2, 0.4, 0.1)  # mm: slower cables want shorter lines


def with_sinus(network: Network, lengths: tuple[float, float, float]) -> Network:
    """``network`` behind cables of KINDS and these lengths [mm]; "sinus_node" is the site at their free end.

    The AV node prolongs the His bundle, the tract turns back in half a circle above the base, the sinus node ends it.
    Needs one free beginning, the first point of the site "his".
    """
    begin = network.sites["his"][0]
    head = network.points[begin]
    onward = network.points[network.lines[network.lines[:, 0] == begin, 1][0]] - head
    up = -onward / np.linalg.norm(onward)
    side = np.cross(up, np.eye(3)[np.abs(up).argmin()])
    side /= np.linalg.norm(side)
    node, tract, av = (_sized(*each) for each in zip(KINDS, lengths, SEGMENTS, strict=True))
    top = head + lengths[2] * up
    radius = lengths[1] / np.pi
    turn = np.linspace(0, np.pi, len(tract.points))[::-1, None]
    bow = top + radius * ((1 - np.cos(turn)) * side + np.sin(turn) * up)
    chain = [
        _along(node, bow[0] - lengths[0] * up, bow[0]),
        Network(bow, tract.lines, tract.kinds, tract.terminals),
        _along(av, top, head),
    ]
    whole = together([*chain, network], 1e-6)
    first = np.linalg.norm(whole.points - chain[0].points[0], axis=1).argmin()
    return Network(
        whole.points, whole.lines, whole.kinds, whole.terminals, {**whole.sites, KINDS[0]: np.array([first])}
    )


def _sized(kind: str, length: float, segment: float) -> Network:
    return cable(np.zeros(3), np.array([length, 0.0, 0.0]), segment, kind)


def _along(straight: Network, start: np.ndarray, stop: np.ndarray) -> Network:
    share = np.linspace(0, 1, len(straight.points))[:, None]
    return Network(start + share * (stop - start), straight.lines, straight.kinds, straight.terminals)
