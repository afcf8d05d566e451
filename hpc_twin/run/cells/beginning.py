"""What the tissue begins with: every cell at its initial state, a saved state of all, or a rotor."""

from pathlib import Path

from hpc_twin.case import Case
from hpc_twin.io.tissuestate import read_tissue_state, restore
from hpc_twin.parallel import InputError, say
from hpc_twin.run.cells.rotor import turn
from hpc_twin.tissue.problem import Problem


def begin(case: Case, folder: Path, heart: Problem) -> float:
    """Give ``heart`` the state that [initial] asks for; the time [ms] at which its run begins. Collective.

    Raises InputError where a saved state does not fit the mesh or the cells, or is later than the end of the run.
    """
    wanted, start = case.initial, 0.0
    if wanted is None:
        return start
    if wanted.rotor is not None:
        turn(heart, wanted.rotor, case.tissue.dt / case.cells.substeps)
    if wanted.state is not None:
        try:
            state = read_tissue_state(folder / wanted.state, heart.part.comm)
            restore(state, heart.domain, heart.V.owned, heart.populations, wanted.other_parameters)
        except InputError as error:
            raise InputError(f"initial.state: {error}") from None
        start = state.time if wanted.clock == "continue" else 0.0
        say(heart.part.comm, f"begins with {state.path}, saved at t = {state.time:g} ms")
    if start >= case.tissue.until - case.tissue.dt / 2:
        raise InputError(
            f"tissue.until: found {case.tissue.until:g} ms, but the state goes on from {start:g} ms "
            '(initial.clock = "continue")'
        )
    heart.V.touched()
    heart.V.update_ghosts()
    return start


def described(case: Case, folder: Path, comm) -> str:
    """What [initial] and ``prepace`` ask for, in words for a dry run. Raises InputError for a file of another kind."""
    wanted = case.initial
    if wanted is not None and wanted.state is not None:
        state = read_tissue_state(folder / wanted.state, comm)
        return f"{state.path}, saved at t = {state.time:g} ms"
    if wanted is not None and wanted.rotor is not None:
        return f"a rotor, {wanted.rotor.chirality}, cells paced at {wanted.rotor.cycle_length:g} ms"
    beats = {key: model.prepace for key, model in case.cells.models.items() if model.prepace is not None}
    words = [f"{key} after {p.beats} beats of {p.cycle_length:g} ms" for key, p in beats.items()]
    return ", ".join(words) or "the models' initial states"
