"""Run by the tests: write_chunks.py FOLDER [parallel]; a sheet of several chunks a frame, more frames than a map's."""

import sys
from dataclasses import replace

import numpy as np
from strips import sheet, strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import world

FRAMES = 70


def mesh() -> Mesh:
    plain = sheet(150)
    angle = np.arange(plain.n_elements, dtype=float)
    return replace(plain, fibres=np.column_stack((np.cos(angle), np.sin(angle), 0 * angle)))


def potential(points: np.ndarray, k: int) -> np.ndarray:
    return np.where(points[:, 0] < 2 * k, 20 + np.sin(points[:, 1]), np.nan)


def main(folder: str, parallel: bool | None) -> None:
    part = strips(mesh(), world())
    points = part.points[: part.n_owned]
    fields, maps = {"V": ("mV", "potential"), "w": ("1", "gate")}, {"activation": ("ms", "activation time")}
    with ExodusWriter(f"{folder}/a.exo", part, fields, {}, maps, fibres=True, parallel=parallel) as writer:
        for k in range(FRAMES):
            writer.write_frame(0.5 * k, {"V": potential(points, k), "w": points[:, 1] / (1 + k)})
        writer.write_static({"activation": points[:, 0]})


if __name__ == "__main__":
    main(sys.argv[1], True if "parallel" in sys.argv else None)
