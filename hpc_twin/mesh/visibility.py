"""How hidden a place beside a wall is: which part of the sky it cannot see, on a grid of voxels."""

import numpy as np
from scipy.ndimage import distance_transform_edt

VOXELS = 96  # along the longest side of the wall's box
N_DIRECTIONS = 128
FINEST = 32  # samples along an edge: a longer one belongs to no mesh that shows a cavity
PIECE = 2_000_000  # sample points at a time


def sky(points: np.ndarray, tetrahedra: np.ndarray, places: np.ndarray, normals: np.ndarray):
    """What of the sky is hidden by a wall of tetrahedra, one voxel off its surface points ``places`` (n, 3).

    Returns hidden (n,), the share of directions in which a ray from there hits the wall, and opening (n, 3), the mean
    of those in which it does not. ``normals`` (n, 3) point out of the wall.
    """
    used = points[np.unique(tetrahedra)]
    low, high = used.min(axis=0), used.max(axis=0)
    size = float((high - low).max()) / VOXELS
    low = low - 3 * size
    shape = tuple(np.ceil((high - low) / size).astype(int) + 3)
    wall = _voxels(points, tetrahedra, low, size, shape)
    free = distance_transform_edt(wall, return_distances=False, return_indices=True)
    beside = np.floor((places + size * normals - low) / size).astype(int)
    index = np.ravel_multi_index(tuple(free[(slice(None), *beside.T)]), shape)
    directions = sphere(N_DIRECTIONS)
    blocked = np.stack([_blocked(wall, direction).ravel()[index] for direction in directions])
    return blocked.mean(axis=0), (~blocked).T.astype(float) @ directions / N_DIRECTIONS


def sphere(n: int) -> np.ndarray:
    """(n, 3) unit vectors spread evenly over the sphere: Fibonacci's lattice (Gonzalez 2010, Math Geosci 42:49)."""
    k = np.arange(n) + 0.5
    z, turn = 1 - 2 * k / n, np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - z * z)
    return np.column_stack((ring * np.cos(turn), ring * np.sin(turn), z))


def _voxels(points, tetrahedra, low, size: float, shape) -> np.ndarray:
    """Which voxels hold a part of the wall: each tetrahedron is sampled at the voxels' distance."""
    wall = np.zeros(shape, bool)
    corners = points[tetrahedra]
    longest = np.linalg.norm(corners[:, :, None] - corners[:, None], axis=3).max(axis=(1, 2))
    order = np.clip(np.ceil(longest / size), 1, FINEST).astype(int)
    for n in np.unique(order):
        weights, mine = _lattice(n), corners[order == n]
        for part in np.array_split(mine, len(mine) * len(weights) // PIECE + 1):
            samples = np.einsum("sk,ekx->esx", weights, part).reshape(-1, 3)
            wall[tuple(((samples - low) / size).astype(int).T)] = True
    return wall


def _lattice(n: int) -> np.ndarray:
    """(n_samples, 4) barycentric coordinates i/n of all points of a regular lattice in a tetrahedron."""
    steps = np.stack(np.meshgrid(*[np.arange(n + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    steps = steps[steps.sum(axis=1) <= n]
    return np.column_stack((steps, n - steps.sum(axis=1))) / n


def _blocked(wall: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Which voxels' rays along ``direction`` meet the wall: one sweep over layers, from the far end back."""
    lead = int(np.abs(direction).argmax())
    others = [axis for axis in range(3) if axis != lead]
    layers = np.moveaxis(wall, lead, 0)
    result = np.zeros_like(wall)
    target = np.moveaxis(result, lead, 0)
    if direction[lead] < 0:
        layers, target = layers[::-1], target[::-1]
    slopes = direction[others] / abs(direction[lead])
    offsets = np.rint(np.arange(len(layers) + 1)[:, None] * slopes).astype(int)
    steps = np.diff(offsets, axis=0)
    met = np.zeros(layers.shape[1:], bool)
    for k in range(len(layers) - 1, -1, -1):
        met = _moved(met, -steps[k])
        target[k] = met
        met = met | layers[k]
    return result


def _moved(layer: np.ndarray, step: np.ndarray) -> np.ndarray:
    """``layer`` shifted by -1, 0 or 1 along both axes; nothing comes in from outside."""
    if not step.any():
        return layer
    padded = np.pad(layer, 1)
    (a, b), (p, q) = 1 - step, layer.shape
    return padded[a : a + p, b : b + q]
