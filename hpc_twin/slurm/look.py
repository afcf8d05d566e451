"""What can be said of a case within two seconds, on a login node: the mesh is not read, nothing is compiled."""

import shutil
from pathlib import Path

from hpc_twin.case.files import absent
from hpc_twin.case.load import LoadedCase
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError
from hpc_twin.run.cells.kernels import request

LEAST = 64 << 20  # bytes, without which no run has room


def look(loaded: LoadedCase) -> None:
    """Raise InputError where a file that the case names is missing, or a cell model is not as the case says."""
    for key, place in absent(loaded.case, loaded.folder):
        raise InputError(f"{key}: {place}: there is no such file")
    cells, varying = loaded.case.cells, loaded.case.cells.gradients_by_model
    for key, model in cells.models.items():
        wanted = request(model, cells, varying[key], loaded.folder)
        try:
            read(wanted["name_or_path"], wanted["parameters"], wanted["varying"], wanted["labels"])
        except InputError as error:
            raise InputError(f"{key}: {error}") from None


def room(folder: Path) -> int:
    """Bytes that may be written where ``folder`` is, or will be. Raises InputError where that is next to nothing."""
    place = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from None
    if free < LEAST:
        raise InputError(f"{folder}: the disk has {free / 1e6:.0f} MB left: use another --out")
    return free
