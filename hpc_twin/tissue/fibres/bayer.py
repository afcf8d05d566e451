"""Frames of fibre, sheet normal and sheet direction, and how they are turned and blended: arrays (n, 3, 3), columns.

Equation numbers: Bayer, Blake, Plank, Trayanova (2012), A novel rule-based algorithm for assigning myocardial fiber
orientation to computational heart models, Ann Biomed Eng 40:2243, doi:10.1007/s10439-012-0593-5.
"""

import numpy as np
from scipy.spatial.transform import Rotation

FLAT = 1e-6  # a direction that keeps less of its length than this when projected says nothing


def axis_frames(apicobasal: np.ndarray, transmural: np.ndarray, long_axis: np.ndarray) -> np.ndarray:
    """Columns e0 circumferential, e1 longitudinal, e2 transmural, from gradients (n, 3) (the paper's ``axis``).

    e2 = transmural / |transmural|,  e1 = apicobasal without its part along e2, normalised,  e0 = e1 x e2.
    The paper keeps e1 and projects e2; keeping e2 leaves fibres in the wall's plane where, at the apex, the
    apicobasal gradient points through the wall. Where a gradient vanishes, ``long_axis`` (3,) and then the
    coordinate axis furthest from e2 stand in, so there is always a frame.
    """
    e2 = _direction(transmural, [np.broadcast_to(long_axis, transmural.shape)])
    spare = np.eye(3)[np.abs(e2).argmin(axis=1)]
    candidates = (apicobasal, np.broadcast_to(long_axis, e2.shape), spare)
    e1 = _direction(_across(candidates[0], e2), [_across(other, e2) for other in candidates[1:]])
    return np.stack((np.cross(e1, e2), e1, e2), axis=2)


def _across(vectors: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Unit ``vectors`` without their part along ``unit``; zero where little is left."""
    vectors = _direction(vectors, [])
    rest = vectors - (vectors * unit).sum(axis=1, keepdims=True) * unit
    return np.where(np.linalg.norm(rest, axis=1, keepdims=True) > FLAT, rest, 0.0)


def _direction(vectors: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Unit vectors; where one is zero, that of the first of ``others`` that is not."""
    for other in others:
        vectors = np.where((vectors == 0).all(axis=1, keepdims=True), other, vectors)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0)


def orient(frames: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Turn frames by alpha (n,) about e2, then by beta (n,) about the fibre, radians (the paper's ``orient``).

    Columns become f, sheet normal, s:  f = cos a e0 + sin a e1,  s = cos b e2 + sin b (-sin a e0 + cos a e1).
    """
    e0, e1, e2 = np.moveaxis(frames, 2, 0)
    (ca, sa), (cb, sb) = (((np.cos(x)[:, None], np.sin(x)[:, None])) for x in (alpha, beta))
    fibre, beside = ca * e0 + sa * e1, ca * e1 - sa * e0
    return np.stack((fibre, cb * beside - sb * e2, sb * beside + cb * e2), axis=2)


def bislerp(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Blend frames, weight (n,) from 0 ``first`` to 1 ``second``, along the shortest way (the paper's ``bislerp``).

    The axes have no sign: of the four frames that differ from ``second`` by turning two axes round, the one nearest to
    ``first`` is taken, and slerp(q0, q1, w) = (sin((1-w) t) q0 + sin(w t) q1) / sin t,  cos t = q0 . q1.
    """
    q0, near = Rotation.from_matrix(first).as_quat(), _nearest(first, second)
    cosine = (q0 * near).sum(axis=1)
    near *= np.where(cosine < 0, -1.0, 1.0)[:, None]
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    safe = np.maximum(np.sin(angle), 1e-8)
    small = angle < 1e-8
    w0 = np.where(small, 1 - weight, np.sin((1 - weight) * angle) / safe)
    w1 = np.where(small, weight, np.sin(weight * angle) / safe)
    return Rotation.from_quat(w0[:, None] * q0 + w1[:, None] * near).as_matrix()


def _nearest(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n, 4) quaternion of ``second`` with axes turned round so that it is nearest to ``first``.

    |q0 . q1| grows with trace(first^T second), and turning axes round only changes signs on that diagonal.
    """
    diagonal = np.einsum("nij,nij->nj", first, second)
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    best = signs[(diagonal @ signs.T).argmax(axis=1)]
    return Rotation.from_matrix(second * best[:, None, :]).as_quat()
