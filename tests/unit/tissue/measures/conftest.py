import pytest

from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone


@pytest.fixture(scope="session")
def flat():
    """A sheet of 20 mm x 20 mm, h 0.5 mm."""
    return distribute(sheet((20.0, 20.0), 0.5), alone())


@pytest.fixture(scope="session")
def wall():
    """A slab of 8 mm x 8 mm x 4 mm, h 0.5 mm."""
    return distribute(slab((8.0, 8.0, 4.0), 0.5), alone())


@pytest.fixture(scope="session", params=["triangles", "tetrahedra"])
def second(request):
    """A sheet and a slab of second order, 6 mm x 6 mm (x 2 mm), h 1 mm."""
    mesh = sheet((6.0, 6.0), 1.0) if request.param == "triangles" else slab((6.0, 6.0, 2.0), 1.0)
    return distribute(quadratic(mesh), alone())
