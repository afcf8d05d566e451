"""Orders of convergence by manufactured solutions (Pathmanathan & Gray 2014, IJNMBE 30:525)."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from hpc_twin.verify import mms_tasks
from hpc_twin.verify.mms_tasks import Errors, InSpace, InTime
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table

TEXT = """The monodomain and the bidomain equations with cells of three states, whose solution is known, through the
operators that a run uses (Pathmanathan & Gray 2014, Int. J. Numer. Meth. Biomed. Engng 30:525). `beta` of their ionic
current makes V an eigenfunction of the diffusion; the same trick gives a solution on the unit sphere, where V is a
multiple of xyz, an eigenfunction of the surface's Laplacian. Errors are those at t = 1, in the L2 norm by quadrature
(on the sphere, the root of the mean square over the nodes), of V and of its gradient, of phi_e likewise.

Elements of order p are expected to give p + 1 in the value and p in the gradient. The sphere's triangles are flat, at
second order too, so that its curvature keeps the order at 2 there. In time, differences of three runs on one mesh
tell the order, so that space does not enter: 1 unless both the splitting (Strang) and the diffusion (theta = 0.5,
Crank-Nicolson) are of second order. Orders are pinned from both sides. Chaste's errors are those of its own
verification project, at h = 0.1 with dt = 0.1 (Chaste/project_CardiacEpVerification): there the gradient's error
is all of it in space, and the elements differ only by the diagonals of the squares."""
CHASTE = {1: 0.2559326838, 2: 0.9603208893, 3: 2.083578}  # V_L2_H1 of Monodomain1d, 2d, 3d at h = 0.1
PAPER = "theory; Pathmanathan & Gray 2014"
SIDES = (80, 40, 20, 10, 5)  # ticks of the picture
ERRORS = ("V", "grad V", "phi_e", "grad phi_e")


def check(session: Session) -> Outcome:
    """Every physics, kind of element and scheme; each run by one rank."""
    space, time = mms_tasks.in_space(session.short), mms_tasks.in_time(session.short)
    dimensions = (2,) if session.short else (3, 2, 1)
    session.say(f"{len(space)} problems in space")
    in_space = session.share(space)
    session.say(f"{len(time)} in time")
    in_time = session.share(time)
    session.say("Chaste's")
    beside = session.share([partial(mms_tasks.beside_chaste, d) for d in dimensions])
    limits = [limit for task, errors in zip(space, in_space, strict=True) for limit in _space_limits(task, errors)]
    limits += [_time_limit(task, errors) for task, errors in zip(time, in_time, strict=True)]
    limits += [_chaste_limit(d, error) for d, error in zip(dimensions, beside, strict=True)]
    return Outcome(
        "orders of convergence by manufactured solutions",
        TEXT,
        limits,
        [_space_table(space, in_space), _time_table(time, in_time)],
        lambda figure: _picture(figure, space, in_space),
    )


def orders(errors: Errors) -> np.ndarray:
    """Of each kind of error, from the last two of runs of which each has half the step or edge of the one before."""
    return np.log2(np.divide(errors[-2], errors[-1]))


def _name(task: InSpace) -> str:
    return f"{task.physics}, {task.shape}, P{task.order}"


def _space_limits(task: InSpace, errors: Errors) -> list[Limit]:
    slack = 0.3 if task.order == 2 else 0.2
    names = [f"order of {what}: {_name(task)}" for what in ERRORS]
    found = zip(names, orders(errors), task.expected, strict=False)
    return [Limit(name, float(order), e - slack, e + slack, "", PAPER) for name, order, e in found]


def _time_limit(task: InTime, errors: Errors) -> Limit:
    """The kind of error whose order is farthest from what is expected."""
    found = max(orders(errors), key=lambda order: abs(order - task.expected))
    name = f"order in time: {task.physics}, {task.splitting}, theta {task.theta:g}, P{task.order}"
    return Limit(name, float(found), task.expected - 0.15, task.expected + 0.15, "", "theory")


def _chaste_limit(dimension: int, error: float) -> Limit:
    name = f"H1 error, monodomain, {mms_tasks.DIMENSION[dimension]}, P1, over Chaste's {CHASTE[dimension]:.4g}"
    return Limit(name, error / CHASTE[dimension], 0.92, 1.08, "", "Chaste, h = 0.1")


def _space_table(tasks: Sequence[InSpace], found: Sequence[Errors]) -> Table:
    head = ("physics", "on", "elements", "per edge", *(f"error of {what}" for what in ERRORS), "orders")
    rows = []
    for task, errors in sorted(zip(tasks, found, strict=True), key=lambda pair: _name(pair[0])):
        for k, (side, error) in enumerate(zip(task.sides, errors, strict=True)):
            shown = "" if k == 0 else ", ".join(f"{o:.2f}" for o in orders(errors[: k + 1]))
            per_edge = f"level {side}" if task.shape == "sphere" else side
            padding = [""] * (len(ERRORS) - len(error))
            rows.append((task.physics, task.shape, f"P{task.order}", per_edge, *error, *padding, shown))
    return Table("In space", head, rows)


def _time_table(tasks: Sequence[InTime], found: Sequence[Errors]) -> Table:
    head = ("physics", "splitting", "theta", "elements", "steps", "differences", "orders")
    rows = []
    for task, errors in sorted(zip(tasks, found, strict=True), key=lambda pair: (pair[0].physics, pair[0].splitting)):
        shown = "; ".join(", ".join(f"{e:.2e}" for e in error) for error in errors)
        steps = f"{task.steps}, {2 * task.steps}, {4 * task.steps}"
        of = ", ".join(f"{o:.2f}" for o in orders(errors))
        rows.append((task.physics, task.splitting, task.theta, f"P{task.order}", steps, shown, of))
    return Table("In time: differences of V (and of phi_e) between runs", head, rows)


def _picture(figure, tasks: Sequence[InSpace], found: Sequence[Errors]) -> None:
    """Errors of V against the edge length, and of its gradient."""
    for k, (axes, title) in enumerate(zip(figure.subplots(1, 2), ("error of V", "error of its gradient"), strict=True)):
        for task, errors in zip(tasks, found, strict=True):
            if task.physics == "monodomain" and task.shape != "sphere":
                style = {"marker": "o" if task.order == 1 else "s", "linestyle": "-" if task.order == 1 else "--"}
                edges = 1 / np.array(task.sides)
                axes.loglog(edges, [e[k] for e in errors], label=f"{task.shape}, P{task.order}", **style)
        axes.set(xlabel="edge / side of the domain", title=title)
        axes.set_xticks([], minor=True)
        axes.set_xticks([1 / n for n in SIDES], [f"1/{n}" for n in SIDES])
        axes.grid(which="both", color="#eeeeee")
    axes.legend(frameon=False, fontsize=8)
