"""Fibre and sheet directions as a case wants them."""

import numpy as np

from hpc_twin.case import FibreCase
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError
from hpc_twin.tissue.fibres import FibreAngles, ventricular_fibres


def directions(part: Part, fibres: FibreCase) -> tuple[np.ndarray | None, np.ndarray | None]:
    """(n_local_elements, 3) fibres and sheets, or None, as the case wants them."""
    rule = fibres.rule or ("file" if part.fibres is not None else "none")
    if rule == "file" and part.fibres is None:
        raise InputError('fibres.rule: found "file", but the mesh holds no fibres: use "bayer2012" or "constant"')
    if rule == "file":
        return part.fibres, part.sheets
    if rule == "bayer2012":
        return ventricular_fibres(
            part, FibreAngles(fibres.alpha_endo, fibres.alpha_epi, fibres.beta_endo, fibres.beta_epi)
        )
    if rule == "constant":
        unit = np.asarray(fibres.direction, float)
        unit /= np.linalg.norm(unit)
        return np.tile(unit, (len(part.elements), 1)), None
    return None, None
