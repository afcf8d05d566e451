"""What a result file says of the run that wrote it."""

import datetime
import uuid

from hpc_twin import __version__
from hpc_twin.case.load import LoadedCase
from hpc_twin.mesh.part import Part


def attributes(loaded: LoadedCase, part: Part) -> dict[str, object]:
    """Global attributes of the files of a run; collective."""
    run_id = part.comm.bcast(uuid.uuid4().hex[:12] if part.comm.rank == 0 else None)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return {
        "hpc_twin_version": __version__,
        "case_text": loaded.text,
        "case_source": loaded.source,
        "mesh_checksum": part.checksum,
        "run_id": run_id,
        "created": part.comm.bcast(now),
        "ranks": part.comm.size,
    }
