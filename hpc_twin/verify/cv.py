"""Conduction velocity of plane waves against edge length, time step and kind of element."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hpc_twin.verify.outcome import Limit, Outcome, Session, Table
from hpc_twin.verify.plane_waves import BAR, Wave

TEXT = """Plane waves of ten Tusscher & Panfilov 2006 (epicardial) cells, chi = 140 /mm, Cm = 0.01 uF/mm2, with the
monodomain conductivities of Niederer et al. 2011: 0.1334 S/m along the fibres, 0.0176 S/m across. Errors are those
against h = 0.025 mm, dt = 0.005 ms with a quarter of the mass lumped. What counts is h against the width of the front,
which goes with the root of the conductivity: across the fibres 0.2 mm is as coarse as 0.55 mm along them. Lumped mass
is slow and consistent mass fast until the front is narrower than an element; then every wave is slow, and stops.
Compare P2 at h with P1 at h/2, which has as many nodes. In time the order is 1 with either splitting, since the
cells' scheme (Rush & Larsen 1978) is of first order; Strang's error is the smaller.

Luo & Rudy 1991 cells on a cable of 10 mm as in Chaste's verification of conduction velocity (Chaste/
project_CardiacEpVerification, Pathmanathan & Gray 2014): 0.175 S/m, stimulus of 5e5 uA/cm3 for 0.5 ms on the first
millimetre, timed from 2.5 to 7.5 mm, dt = 0.01 ms at h = 0.5 mm, both halved together. Chaste does not split and steps
by backward Euler; consistent mass, as here.

On bars of tetrahedra, along each of three axes of different conductivities, the wave runs as on a cable of the same
conductivity. Restitution is a check of its own."""
TP06, LR91 = "tentusscher_2006_epi", "luo_rudy_1991"
ALONG = Wave(TP06, 0.1334, 0.1, 0.01)
ACROSS = Wave(TP06, 0.0176, 0.1, 0.01, length=10.0)
CHASTE_WAVE = Wave(LR91, 0.175, 0.5, 0.01, length=10.0, begin=0.25, end=0.75, stimulus=(1.0, 500.0, 0.5))
CHASTE = {0.5: 0.73638, 0.25: 0.79808, 0.125: 0.77012, 0.0625: 0.75230, 0.03125: 0.74676}  # mm/ms
RUSH_LARSEN = "that of the cells' scheme, Rush & Larsen 1978"
CHASTE_CONVERGED = 0.7444  # mm/ms: Richardson's of its two finest, 0.74505 at 0.0156 mm and 0.74455 at 0.0078 mm
SCHEMES = {"P1 lumped": (1, 1.0), "P1 half": (1, 0.5), "P1 consistent": (1, 0.0), "P2": (2, 0.0)}
OTHER_CODE = {("along", 0.1): (-2.8, -0.6, 2.0), ("along", 0.2): (-8.9, -3.2, 4.4),
              ("across", 0.1): (-13, -5.4, 5.7), ("across", 0.2): (-34, -24, -5.2)}  # fmt: skip
Velocities = Mapping[Wave, float]


def check(session: Session) -> Outcome:
    """All waves, each on one rank."""
    edges = (0.2, 0.1) if session.short else (0.5, 0.4, 0.2, 0.1, 0.05)
    halvings = 3 if session.short else 5
    waves = dict.fromkeys([*_chaste(halvings), *_in_space(edges), *_references(), *_in_time(), *_bars()])
    ordered = sorted(waves, key=lambda wave: wave.dt * wave.h)
    session.say(f"{len(ordered)} plane waves")
    found = dict(zip(ordered, session.share(ordered), strict=True))
    tables = [_space_table(found, edges), _time_table(found), _chaste_table(found, halvings), _bar_table(found)]
    return Outcome(
        "velocity of plane waves",
        TEXT,
        [*_space_limits(found), *_time_limits(found), *_chaste_limits(found, halvings), *_bar_limits(found)],
        tables,
        lambda figure: _picture(figure, found, edges),
    )


def _references() -> list[Wave]:
    return [replace(wave, h=0.025, dt=0.005, lumping=0.25) for wave in (ALONG, ACROSS)]


def _in_space(edges: Sequence[float]) -> list[Wave]:
    schemes = SCHEMES.values()
    return [replace(w, h=h, order=o, lumping=m) for w in (ALONG, ACROSS) for h in edges for o, m in schemes]


def _in_time() -> list[Wave]:
    steps = (0.05, 0.025, 0.0125)
    return [replace(ALONG, dt=dt, lumping=0.25, splitting=s) for s in ("godunov", "strang") for dt in steps]


def _chaste(halvings: int) -> list[Wave]:
    steps = [0.5**k for k in range(halvings)]
    return [replace(CHASTE_WAVE, h=0.5 * f, dt=0.01 * f, order=o) for o in (1, 2) for f in steps]


def _bars() -> list[Wave]:
    axes = zip((0, 1, 2), BAR, (10.0, 8.0, 5.0), strict=True)
    cables = [replace(ALONG, sigma=s, h=0.1, dt=0.02, lumping=0.25, length=length) for _, s, length in axes]
    return [*cables, *(replace(wave, bar=axis) for axis, wave in enumerate(cables))]


def _error(found: Velocities, wave: Wave) -> float:
    """Per cent of the reference's velocity; NaN where the wave does not arrive."""
    reference = next(r for r in _references() if r.sigma == wave.sigma)
    return 100 * (found[wave] / found[reference] - 1)


def _with_error(found: Velocities, wave: Wave) -> str:
    return "-" if np.isnan(found[wave]) else f"{found[wave]:.4f} ({_error(found, wave):+.1f} %)"


def _space_table(found: Velocities, edges: Sequence[float]) -> Table:
    rows: list[list[str | float | int]] = []
    for name, wave in (("along", ALONG), ("across", ACROSS)):
        for h in edges:
            several = [replace(wave, h=h, order=o, lumping=m) for o, m in SCHEMES.values()]
            rows.append([name, h, *(_with_error(found, w) for w in several)])
        reference = next(r for r in _references() if r.sigma == wave.sigma)
        rows.append([name, "reference", f"{found[reference]:.4f}", "", "", ""])
    return Table("Velocity [mm/ms] and its error, Strang, dt = 0.01 ms", ("", "h mm", *SCHEMES), rows)


def _space_limits(found: Velocities) -> list[Limit]:
    limits = [
        Limit("along, converged", found[_references()[0]], 0.609, 0.615, "mm/ms", "an independent 1-D code: 0.61")
    ]
    for (name, h), others in OTHER_CODE.items():
        base = ALONG if name == "along" else ACROSS
        for (label, (order, lumping)), other in zip(SCHEMES.items(), others, strict=False):
            error = _error(found, replace(base, h=h, order=order, lumping=lumping))
            slack = 1.0 if name == "along" else 2.5  # its reference across the fibres is itself 1.4 % slow
            text = f"{name}, h {h} mm, {label}: error"
            limits.append(Limit(text, error, other - slack, other + slack, "%", "an independent 1-D code"))
        second = abs(_error(found, replace(base, h=h, order=2, lumping=0.0)))
        limits.append(Limit(f"{name}, h {h} mm, P2: error", second, 0, 6 if h > 0.1 else 2, "%", "converges"))
    return limits


def _time_table(found: Velocities) -> Table:
    rows = [(w.splitting, w.dt, found[w], f"{_error(found, w):+.2f} %") for w in _in_time()]
    return Table(
        "Velocity [mm/ms] along, h = 0.1 mm, a quarter lumped", ("splitting", "dt ms", "velocity", "error"), rows
    )


def _time_limits(found: Velocities) -> list[Limit]:
    limits, left = [], {}
    for splitting in ("godunov", "strang"):
        a, b, c = (found[w] for w in _in_time() if w.splitting == splitting)
        left[splitting] = c + (c - b) - a  # from what they tend to, the order being 1
        limits.append(
            Limit(f"order in time, {splitting}", float(np.log2((b - a) / (c - b))), 0.75, 1.3, "", RUSH_LARSEN)
        )
    share = left["strang"] / left["godunov"]
    return [
        *limits,
        Limit("Strang's error in time over Godunov's", share, 0.2, 0.75, "", "an independent 1-D code: 0.4"),
    ]


def _chaste_table(found: Velocities, halvings: int) -> Table:
    first, second = _chaste(halvings)[:halvings], _chaste(halvings)[halvings:]
    rows = [(w.h, w.dt, found[w], found[v], CHASTE[w.h]) for w, v in zip(first, second, strict=True)]
    head = ("h mm", "dt ms", "P1 consistent", "P2", "Chaste, P1")
    return Table("Luo-Rudy 1991: velocity [mm/ms]", head, rows)


def _chaste_limits(found: Velocities, halvings: int) -> list[Limit]:
    waves, source = _chaste(halvings), "Chaste, extrapolated: 0.7444"
    low, high = 0.995 * CHASTE_CONVERGED, 1.005 * CHASTE_CONVERGED
    second = Limit(f"Luo-Rudy 1991, P2, h {waves[-1].h:g} mm", found[waves[-1]], low, high, "mm/ms", source)
    if halvings < 5:
        return [second]
    a, b, c = (found[w] for w in waves[halvings - 3 : halvings])
    order = float(np.log2((a - b) / (b - c)))
    return [
        Limit(f"Luo-Rudy 1991, P1, h {waves[halvings - 1].h:g} mm", c, low, high, "mm/ms", source),
        Limit("Luo-Rudy 1991, P1: order in h", order, 1.6, 2.4, "", "theory: 2"),
        second,
    ]


def _bar_table(found: Velocities) -> Table:
    cables, bars = _bars()[:3], _bars()[3:]
    rows = [(axis, w.sigma, found[w], found[b]) for axis, w, b in zip("xyz", cables, bars, strict=True)]
    head = ("axis", "sigma mS/mm", "cable", "bar of tetrahedra")
    return Table("Velocity [mm/ms] along, between and across, h = 0.1 mm, a quarter lumped", head, rows)


def _bar_limits(found: Velocities) -> list[Limit]:
    pairs = zip("xyz", _bars()[:3], _bars()[3:], strict=True)
    return [
        Limit(f"bar along {axis} over cable", found[bar] / found[line], 0.97, 1.03, "", "a plane wave is 1-D")
        for axis, line, bar in pairs
    ]


def _picture(figure, found: Velocities, edges: Sequence[float]) -> None:
    """Errors of velocity against the edge length, along and across."""
    pairs = zip(figure.subplots(1, 2, sharey=True), (("along", ALONG), ("across", ACROSS)), strict=True)
    for axes, (name, wave) in pairs:
        for label, (order, lumping) in SCHEMES.items():
            errors = [_error(found, replace(wave, h=h, order=order, lumping=lumping)) for h in edges]
            axes.semilogx(edges, errors, "s--" if order == 2 else "o-", label=label)
        axes.set(xlabel="edge [mm]", title=f"{name} the fibres", ylim=(-80, 20))
        axes.set_xticks(edges, map(str, edges), minor=False)
        axes.set_xticks([], minor=True)
        axes.axhline(0, color="#999999", linewidth=0.8)
    axes.figure.axes[0].set_ylabel("error of the velocity [%]")
    axes.legend(frameon=False, fontsize=8)
