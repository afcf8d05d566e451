"""What is computed while a run marches: each observer in its own file, chosen by the case."""

from collections.abc import Mapping
from pathlib import Path

from hpc_twin.case import Case
from hpc_twin.run.ecg import Recording
from hpc_twin.run.observers.activation import MEASURES, ActivationMaps
from hpc_twin.run.observers.coordinates import CoordinateMaps
from hpc_twin.run.observers.ecg import Ecg
from hpc_twin.run.observers.frequency import DominantFrequency
from hpc_twin.run.observers.observer import Observer
from hpc_twin.run.observers.phases import Phases
from hpc_twin.run.observers.probes import Probes
from hpc_twin.run.observers.states import SavedStates
from hpc_twin.run.observers.terminals import Terminals
from hpc_twin.tissue.problem import Problem


def observers(
    case: Case,
    problem: Problem,
    folder: Path,
    attributes: Mapping[str, object],
    again: bool = False,
    leads: Recording | None = None,
) -> list[Observer]:
    """Those that ``case`` asks for; their files go to ``folder``, ``again``: to those that are there; ``leads`` for a
    case with [ecg]. Collective."""
    found: list[Observer] = []
    wanted = set(case.output.measures)
    if wanted & MEASURES:
        found.append(ActivationMaps(case, problem))
    if case.purkinje is not None and "activation" in wanted and case.tissue.model == "monodomain":
        maps = found[0]
        found.append(Terminals(problem.part, lambda: maps.values()["activation"]))
    if wanted & {"phase", "singularities"}:
        found.append(Phases(case, problem, folder, attributes, again))
    if "dominant_frequency" in wanted:
        found.append(DominantFrequency(case, problem))
    if case.probes:
        found.append(Probes(case, problem, folder, attributes, again))
    if case.ecg is not None:
        assert leads is not None
        found.append(Ecg(case, case.ecg, leads, problem, folder, attributes, again))
    if case.output.coordinates:
        found.append(CoordinateMaps(problem.part))
    if case.output.state is not None:
        found.append(SavedStates(case, problem, folder, attributes))
    return found


def elements_needed(case: Case) -> bool:
    """Whether an observer looks at elements after it was made: at those of a front, or at junctions of cables."""
    return "velocity" in case.output.measures or case.purkinje is not None
