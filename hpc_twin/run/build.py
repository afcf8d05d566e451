"""From a case to the parts of a run: mesh, partition, fibres, cells, stimuli, the monodomain problem."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hpc_twin.case import Case, CellCase, CellModelCase, ConductivityCase, FibreCase, StimulusCase
from hpc_twin.case.schema import LABELS
from hpc_twin.cellmodels import Kernel, load_all
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, on_root, warn
from hpc_twin.run.cell import begun
from hpc_twin.run.meshes import make_mesh
from hpc_twin.run.timer import Timer
from hpc_twin.stepping import Pulses
from hpc_twin.tissue.cells import Population, populate
from hpc_twin.tissue.conductivity import harmonic, region_tags, tensors
from hpc_twin.tissue.fibres import FibreAngles, transmural, ventricular_fibres
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli, Stimulus, in_box, in_node_set, in_regions, in_sphere, require_hits

FILES = (".mmt", ".cellml", ".xml", ".sbml")  # of cell models


def load_kernels(cells: CellCase, folder: Path, comm) -> list[Kernel]:
    """The models of a case, each at its initial state: the general one, then those of regions or layers, in order."""
    models: dict[str, CellModelCase] = {"cells": cells}
    models |= {f"cells.regions.{name}": model for name, model in cells.regions.items()}
    models |= {f"cells.layers.{name}": model for name, model in cells.layers.items()}
    kernels = load_all([_request(model, cells, folder) for model in models.values()], comm)
    return [_started(*each, folder, comm) for each in zip(kernels, models, models.values(), strict=True)]


def _request(model: CellModelCase, cells: CellCase, folder: Path) -> dict:
    """The arguments of ``load``."""
    is_file = Path(model.model).suffix.lower() in FILES or (folder / model.model).is_file()
    return {
        "name_or_path": folder / model.model if is_file else model.model,
        "scheme": model.scheme or cells.scheme,
        "precision": cells.precision,
        "tables": cells.tables,
        "parameters": model.parameters,
        "labels": {LABELS[name]: variable for name, variable in model.labels.items()},
    }


def _started(kernel: Kernel, key: str, model: CellModelCase, folder: Path, comm) -> Kernel:
    """``kernel`` at the initial state that the case wants."""
    if kernel.v_initial is None:
        raise InputError(f"{key}.model: {model.model} has no membrane potential, which tissue couples")
    if model.initial is None:
        return kernel
    path = folder / model.initial
    V, states, warning = comm.bcast(on_root(comm, lambda: begun(kernel, path, key)))
    if warning:
        warn(comm, warning)
    return kernel.starting(V, states)


def distributed(case: Case, folder: Path, comm, timer: Timer) -> Part:
    """Read or generate the mesh on rank 0 and split it."""
    with timer.part("mesh"):
        made = on_root(comm, lambda: make_mesh(case.mesh, case.fibres, folder))
        mesh, words = made or (None, [])
        for word in words:
            warn(comm, word)
        comm.barrier()
    with timer.part("partition"):
        return distribute(mesh, comm, case.partition.method)


def problem(case: Case, part: Part, kernels: Sequence[Kernel], timer: Timer) -> Monodomain:
    """The monodomain problem of ``case`` on ``part``."""
    tissue = case.tissue
    with timer.part("fibres"):
        fibres, sheets = directions(part, case.fibres)
    with timer.part("assembly"):
        sigma = tissue.conductivity
        default = effective(sigma) if sigma.given else None
        regions = {name: effective(values) for name, values in sigma.regions.items()}
        conductivity = tensors(part, default, regions, fibres, sheets)
        capacity = tissue.surface_to_volume * tissue.capacitance
        stimuli = Stimuli(part.n_owned, [stimulus(part, s, i, capacity) for i, s in enumerate(case.stimulus)])
        solver = case.solver
        options = {key: str(value) for key, value in solver.options.items()}
        how = Discretisation(tissue.theta, tissue.lumping, case.cells.substeps, solver.rtol, solver.tolerance, options)
        built = Monodomain(
            part, populations(part, case.cells, kernels), conductivity, stimuli, capacity, how, _extent(case, part)
        )
        return built


def effective(values: ConductivityCase) -> tuple[float, ...]:
    """Monodomain conductivities of a section."""
    if values.effective is not None:
        return values.effective
    return harmonic(values.intracellular or (), values.extracellular or ())


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


def populations(part: Part, cells: CellCase, kernels: Sequence[Kernel]) -> list[Population]:
    """Who lives where. A node between regions belongs to the one that the case names last."""
    which = np.zeros(part.n_owned, int)
    for number, name in enumerate(cells.regions, start=1):
        which[in_regions(part, region_tags(part, name, f"cells.regions.{name}"))] = number
    if cells.layers:
        layer = np.digitize(transmural(part)[: part.n_owned], cells.layer_depths)
        for number, name in enumerate(cells.layers, start=1):
            which[layer == ("endo", "mid", "epi").index(name)] = number
    return populate(kernels, which)


def stimulus(part: Part, wanted: StimulusCase, number: int, capacity: float) -> Stimulus:
    """One stimulus; InputError when it hits nothing."""
    key = f"stimulus.{number} ('{wanted.name}')"
    if wanted.box is not None:
        nodes = in_box(part, wanted.box.min, wanted.box.max)
    elif wanted.sphere is not None:
        nodes = in_sphere(part, wanted.sphere.centre, wanted.sphere.radius)
    elif wanted.region is not None:
        nodes = in_regions(part, region_tags(part, wanted.region, key))
    else:
        nodes = in_node_set(part, str(wanted.node_set), key)
    pulses = Pulses(wanted.start, wanted.duration, wanted.period, wanted.count)
    return Stimulus(require_hits(part, nodes, key), wanted.strength / capacity, pulses)


def _extent(case: Case, part: Part) -> np.ndarray | None:
    """Thickness or cross-section of the elements of a mesh that mixes kinds; None where all are alike."""
    sizes = part.sizes
    mixed = len(set().union(*part.comm.allgather(set(np.unique(sizes).tolist())))) > 1
    if not mixed:
        return None
    return np.select([sizes == 3, sizes == 2], [case.mesh.thickness, case.mesh.cross_section], 1.0)
