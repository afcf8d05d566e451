"""Rule-based fibres and sheets of ventricles from harmonic fields."""

from dataclasses import dataclass

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError
from hpc_twin.tissue.fibres.bayer import axis_frames, bislerp, orient
from hpc_twin.tissue.organ.landmarks import Ventricles
from hpc_twin.tissue.organ.laplace import on_elements, smooth_gradients

TINY = 1e-12  # of phi: below this there is neither ventricle, only epicardium


@dataclass(frozen=True)
class FibreAngles:
    """Degrees. alpha: helix angle of the fibre, from the circumferential direction (counter-clockwise seen from the
    base) towards the base. beta: sheet angle, from the outward transmural direction, about the fibre.

    Bayer (2012) shows 40/-50 and -65/25; +-60 is what most simulations and diffusion tensor images of human hearts use.
    """

    alpha_endo: float = 60.0
    alpha_epi: float = -60.0
    beta_endo: float = -65.0
    beta_epi: float = 25.0

    def __post_init__(self):
        for key, value in vars(self).items():
            if not (np.isfinite(value) and abs(value) <= 90):
                raise InputError(f"fibre angle {key}: found {value}, allowed is -90 to 90 degrees")

    def at(self, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Alpha and beta [rad] at ``depth`` 0 endocardium to 1 epicardium, linear (Bayer 2012, alpha_w and beta_w)."""
        endo, epi = np.radians((self.alpha_endo, self.beta_endo)), np.radians((self.alpha_epi, self.beta_epi))
        return tuple(a * (1 - depth) + b * depth for a, b in zip(endo, epi, strict=True))  # type: ignore[return-value]


def ventricular_fibres(part: Part, angles: FibreAngles | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Fibres and sheets by Laplace-Dirichlet rules: two arrays (n_local_elements, 3), unit, orthogonal; collective.

    Needs the node sets lv, rv, epi, base (both ventricles) or endo, epi, base (one). With phi_i harmonic, 1 on surface
    i and 0 on the others, psi from 0 at the apex to 1 on the base, and d = phi_rv / (phi_lv + phi_rv):

        Q_lv   = orient(axis(grad psi, -grad phi_lv), (1 - 2 d) alpha_w(phi_epi), (1 - 2 d) beta_w(phi_epi))
        Q_rv   = orient(axis(grad psi,  grad phi_rv), the same angles)
        Q_epi  = orient(axis(grad psi,  grad phi_epi), alpha_w(phi_epi), beta_w(phi_epi))
        Q      = bislerp(bislerp(Q_lv, Q_rv, d), Q_epi, phi_epi),   f, s = columns 0 and 2 of Q

    after Bayer, Blake, Plank, Trayanova (2012), Ann Biomed Eng 40:2243. In the paper the angles of Q_lv and Q_rv do
    not know phi_epi; then alpha follows phi_epi squared through the wall, and jumps where endo and epi angles lie more
    than 90 degrees apart. With phi_epi in them alpha is linear in it; in the septum (phi_epi = 0) nothing changes.

    Signs: f turns counter-clockwise seen from the base, s points away from the long axis.
    Raises InputError for missing node sets or elements that are not tetrahedra.
    """
    heart = Ventricles(part)
    frames = (_two_cavities if heart.both else _one_cavity)(heart, angles or FibreAngles())
    return signed(heart, frames)


def _one_cavity(heart: Ventricles, angles: FibreAngles) -> np.ndarray:
    """(n_local_elements, 3, 3) Q_epi of ``ventricular_fibres``; phi_epi = 1 - phi_endo."""
    along, inward = smooth_gradients(heart.part, [heart.psi, *heart.fields])
    depth = np.clip(1 - on_elements(heart.part, heart.fields[0].local), 0.0, 1.0)
    return orient(axis_frames(along, -inward, heart.axis), *angles.at(depth))


def _two_cavities(heart: Ventricles, angles: FibreAngles) -> np.ndarray:
    """(n_local_elements, 3, 3) Q of ``ventricular_fibres``; phi_epi = 1 - phi_lv - phi_rv saves a solve."""
    part, axis = heart.part, heart.axis
    along, to_lv, to_rv = smooth_gradients(part, [heart.psi, *heart.fields])
    lv, rv = (np.clip(on_elements(part, field.local), 0.0, 1.0) for field in heart.fields)
    epi, side = np.clip(1 - lv - rv, 0.0, 1.0), rv / np.maximum(lv + rv, TINY)
    alpha, beta = angles.at(epi)
    turned = [(1 - 2 * side) * angle for angle in (alpha, beta)]
    q_lv = orient(axis_frames(along, -to_lv, axis), *turned)
    q_rv = orient(axis_frames(along, to_rv, axis), *turned)
    q_epi = orient(axis_frames(along, -to_lv - to_rv, axis), alpha, beta)
    return bislerp(bislerp(q_lv, q_rv, side), q_epi, epi)


def signed(heart: Ventricles, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f and s from the frames, turned to the sides that ``ventricular_fibres`` names."""
    arm = on_elements(heart.part, heart.part.points) - heart.centre
    radial = arm - (arm @ heart.axis)[:, None] * heart.axis
    sides = (np.cross(heart.axis, radial), radial)
    pairs = zip((frames[:, :, 0], frames[:, :, 2]), sides, strict=True)
    fibres, sheets = (np.where((v * side).sum(axis=1, keepdims=True) < 0, -v, v) for v, side in pairs)
    return fibres, sheets
