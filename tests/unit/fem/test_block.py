import numpy as np
import pytest

from hpc_twin.fem import Field, LinearSolver, mass, subdomain
from hpc_twin.fem.block import BlockMatrix
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world


@pytest.mark.parametrize("share", [1.0, 0.6], ids=["everywhere", "with a bath"])
def test_blocks_against_dense_algebra(share):
    whole = distribute(sheet((1.0, 1.0), 0.25), world())
    domain = subdomain(whole, whole.points[whole.elements].mean(axis=1)[:, 0] < share)
    part = domain.part
    A, B, D = mass(part), mass(part, 1.0), mass(whole)
    free = np.arange(whole.n_local) != domain.nodes[3]
    block = BlockMatrix(domain, A, B, D, 0.1, 0.5, free)
    embed = np.zeros((part.n_owned, whole.n_owned))
    embed[np.arange(part.n_owned), domain.owned] = free[domain.owned]
    coupling = 0.1 * B.rows.toarray() @ embed
    dense = np.block([[A.rows.toarray(), coupling], [coupling.T, 0.5 * D.rows.toarray()]])
    right, found = block.vector(), block.vector()
    given = np.cos(np.arange(len(dense)))
    block.pack(given[: part.n_owned], given[part.n_owned :], right)
    LinearSolver(block, "test", 1e-12, 0.0).solve(right, found)
    u, w = Field(part, "u", "mV"), Field(whole, "w", "mV")
    block.unpack(found, u, w)
    assert np.allclose(np.concatenate((u.owned, w.owned)), np.linalg.solve(dense, given), atol=1e-8)
