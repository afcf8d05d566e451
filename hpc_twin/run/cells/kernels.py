"""The compiled cell models of a case, each at its initial state."""

from collections.abc import Iterable
from pathlib import Path

from hpc_twin.case import LABELS, CellCase, CellModelCase
from hpc_twin.case.files import MODELS
from hpc_twin.cellmodels import Kernel, load_all
from hpc_twin.parallel import InputError, on_root, warn
from hpc_twin.run.cells.files import begun


def load_kernels(cells: CellCase, folder: Path, comm) -> list[Kernel]:
    """The models of a case, each at its initial state: the general one, then those of regions or layers, in order."""
    models, varying = cells.models, cells.gradients_by_model
    kernels = load_all([request(model, cells, varying[key], folder) for key, model in models.items()], comm)
    return [_started(*each, folder, comm) for each in zip(kernels, models, models.values(), strict=True)]


def request(model: CellModelCase, cells: CellCase, varying: Iterable[str], folder: Path) -> dict:
    """The arguments of ``load`` for one model of ``cells``."""
    is_file = Path(model.model).suffix.lower() in MODELS or (folder / model.model).is_file()
    return {
        "name_or_path": folder / model.model if is_file else model.model,
        "scheme": model.scheme or cells.scheme,
        "precision": cells.precision,
        "tables": cells.tables,
        "parameters": model.parameters,
        "varying": tuple(varying),
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
