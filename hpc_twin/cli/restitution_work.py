"""What ``hpc-twin restitution`` does on rank 0."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from hpc_twin.case import load_case
from hpc_twin.cellmodels import load
from hpc_twin.cli.tune_verb import length, quantity
from hpc_twin.parallel import InputError, alone, nearest
from hpc_twin.run.cells import load_kernels, prepaced
from hpc_twin.run.velocities import (
    ELEMENTS,
    LENGTH,
    Beat,
    Cable,
    ClampedCell,
    Medium,
    dynamic,
    effective,
    mesh_size,
    s1s2,
    section,
    steepest,
)
from hpc_twin.singlecell.protocol import own_cycle

RATES = (1000, 900, 800, 700, 600, 550, 500, 460, 430, *range(400, 95, -10))  # ms, of the dynamic protocol
MODEL_H, MODEL_DT, MODEL_SIGMA = 0.2, 0.02, 0.1334  # mm, ms, mS/mm
PROTOCOLS = ("s1s2", "dynamic")


@dataclass(frozen=True)
class Wishes:
    """The words of the command line."""

    what: str
    protocol: str
    s1: str
    beats: int
    intervals: str
    single_cell: bool
    h: str
    out: Path | None
    overrides: tuple[str, ...]


def work(wishes: Wishes) -> None:
    """Measure, tell, write. Raises InputError and RunError."""
    period, intervals = _checked(wishes)
    medium, sigma = _medium(wishes)
    _require_rest(medium)
    long = max(LENGTH * medium.scale(sigma), ELEMENTS * medium.h)
    tissue = ClampedCell(medium) if wishes.single_cell else Cable(medium, sigma, long)
    name = medium.kernel.name
    where = "a cell by itself" if wishes.single_cell else f"a cable, h = {medium.h:g} mm, {sigma:.4g} S/m"
    print(f"{name}, {where}, dt = {medium.dt:g} ms; {wishes.protocol}")
    print("".join(f"{word:>10}" for word in ("interval", "DI", "APD90", "velocity")))
    if wishes.protocol == "s1s2":
        found = s1s2(tissue, period, wishes.beats, intervals, _tell)
    else:
        found = dynamic(tissue, intervals or RATES, wishes.beats, _tell)
    if not found:
        raise InputError("--intervals: found none that the tissue follows: give longer ones")
    slope = steepest(found)
    print(
        f"steepest APD restitution: {slope:.3g}" if isfinite(slope) else "too few intervals for a slope of restitution"
    )
    if wishes.out is not None:
        _write(found, wishes.out, f"{name}, {wishes.protocol}")


def _checked(wishes: Wishes) -> tuple[float, list[float] | None]:
    """S1 and the intervals, ms."""
    if wishes.protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise InputError(
            f"--protocol: found '{wishes.protocol}'{nearest(wishes.protocol, PROTOCOLS)} (allowed: {known})"
        )
    if wishes.protocol == "dynamic" and wishes.beats < 3:
        raise InputError(f"--beats: found {wishes.beats}, the dynamic protocol needs 3 or more")
    if wishes.single_cell and wishes.h:
        raise InputError("--h: belongs to a cable, not to --single-cell")
    if wishes.out is not None and wishes.out.exists() and not wishes.out.is_dir():
        raise InputError(f"--out: {wishes.out} is no folder")
    words = [word.strip() for word in wishes.intervals.split(",") if word.strip()]
    intervals = [quantity(word, "time", "--intervals") for word in words]
    if intervals != sorted(intervals, reverse=True):
        raise InputError("--intervals: give the longest first")
    period = quantity(wishes.s1, "time", "--s1")
    if wishes.protocol == "s1s2" and intervals and intervals[0] > period:
        raise InputError(f"--intervals: found {intervals[0]:g} ms, longer than --s1")
    return period, intervals or None


def _require_rest(medium: Medium) -> None:
    """Beats of their own between the pulses would be taken for answers."""
    cycle = own_cycle(medium.kernel, medium.dt)
    if cycle is not None:
        raise InputError(
            f"{medium.kernel.name} drives itself, each {cycle:.0f} ms: restitution is that of cells that rest until "
            "they are stimulated"
        )


def _medium(wishes: Wishes) -> tuple[Medium, float]:
    """The medium of a case or of a model, and its conductivity along the fibres [mS/mm]."""
    path = Path(wishes.what)
    h = length(wishes.h) if wishes.h else None
    if path.suffix != ".toml" and not (path / "case.toml").is_file():
        if wishes.overrides:
            raise InputError("--set: changes a case, and a model was given: 'hpc-twin cell' sets parameters of models")
        return Medium(load(wishes.what, comm=alone()), h or MODEL_H, MODEL_DT), MODEL_SIGMA
    loaded = load_case(path, wishes.overrides)
    kernel = prepaced(loaded.case, load_kernels(loaded.case.cells, loaded.folder, alone()), alone())[0]
    size = h or (MODEL_H if wishes.single_cell else mesh_size(loaded))
    return Medium.of(loaded.case, kernel, size), effective(section(loaded, None), 1)[0]


def _tell(beat: Beat) -> None:
    velocity = f"{beat.velocity:10.4f}" if beat.velocity == beat.velocity else ""
    print(f"{beat.interval:10.2f}{beat.DI:10.2f}{beat.APD:10.2f}{velocity}", flush=True)


def _write(found: Sequence[Beat], folder: Path, title: str) -> None:
    from hpc_twin.view import draw_restitution

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "restitution.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["interval_ms", "DI_ms", "APD90_ms", "velocity_mm_per_ms"])
            rows.writerows((beat.interval, beat.DI, beat.APD, beat.velocity) for beat in found)
    except OSError as error:
        raise InputError(f"--out: {folder} cannot be written ({error.strerror})") from None
    draw_restitution({title: found}, title, folder / "restitution.png")
    print(f"{folder}/restitution.csv, {folder}/restitution.png")
