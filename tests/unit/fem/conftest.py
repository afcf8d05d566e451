import pytest

from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world

MESHES = {
    "cable": lambda: cable(4.0, 0.5),
    "sheet": lambda: sheet((3.0, 2.0), 0.5),
    "slab": lambda: slab((3.0, 2.0, 1.0), 0.5),
}


@pytest.fixture(params=MESHES)
def part(request):
    return distribute(MESHES[request.param](), world())
