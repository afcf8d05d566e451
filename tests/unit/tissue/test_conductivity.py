from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.conductivity import harmonic, region_tags, tensor_field, tensors


@pytest.fixture(scope="module")
def part():
    mesh = slab((4, 2, 2), 1.0)
    left = mesh.points[mesh.elements].mean(axis=1)[:, 0] < 2
    return distribute(replace(mesh, regions=np.where(left, 3, 7).astype(np.int32), region_names={3: "scar"}), world())


def test_harmonic_mean():
    assert harmonic((0.17, 0.019), (0.62, 0.24)) == pytest.approx((0.17 * 0.62 / 0.79, 0.019 * 0.24 / 0.259))
    assert harmonic((1.0,), (1.0, 3.0)) == pytest.approx((0.5, 0.75))
    assert harmonic((0.0,), (0.0,)) == (0.0,)


def test_tensor_has_the_directions_as_eigenvectors(part):
    rng = np.random.default_rng(1)
    frames = np.linalg.qr(rng.normal(size=(len(part.elements), 3, 3)))[0]
    fibres, sheets, normals = frames.transpose(2, 0, 1)
    sigma = tensors(part, (3.0, 2.0, 1.0), {}, fibres, sheets)
    for value, axis in ((3.0, fibres), (2.0, sheets), (1.0, normals)):
        assert np.allclose(np.einsum("nxy,ny->nx", sigma, axis), value * axis)
    transverse = tensors(part, (3.0, 2.0), {}, fibres, None)
    assert np.allclose(np.linalg.eigvalsh(transverse), (2, 2, 3))
    assert np.allclose(tensors(part, (2.0,), {}, None, None), 2 * np.eye(3))


def test_regions_replace_the_default(part):
    sigma = tensors(part, (1.0,), {"scar": (0.1,), "7": (0.5,)}, None, None)
    assert np.allclose(sigma[part.regions == 3, 0, 0], 0.1) and np.allclose(sigma[part.regions == 7, 1, 1], 0.5)


def test_a_field_makes_the_rows_that_are_asked_for(part):
    """One number per element is held beside the directions; isotropic elements do not look at them."""
    fibres = part.fibres.copy()
    fibres[part.regions == 7] = np.nan
    field = tensor_field(part, None, {"scar": (0.3, 0.1), "7": (0.5,)}, fibres, None)
    which = np.array([5, 0, 5, len(part.elements) - 1])
    assert np.array_equal(field[which], field[:][which]) and np.isfinite(field[:]).all()
    assert np.allclose(field[:][part.regions == 3], np.diag((0.3, 0.1, 0.1)))
    assert np.allclose(field[:][part.regions == 7], 0.5 * np.eye(3))
    assert field.kind.nbytes <= 2 * len(part.elements) and np.shares_memory(field.fibres, fibres)


def test_others_fill_what_is_not_said(part):
    others = np.tile(np.diag((7.0, 8.0, 9.0)), (len(part.elements), 1, 1))
    sigma = tensors(part, None, {"scar": (0.1,)}, None, None, others=others)
    assert np.allclose(sigma[part.regions == 7], others[0]) and np.allclose(sigma[part.regions == 3], 0.1 * np.eye(3))
    others[part.regions == 7] = np.nan
    with pytest.raises(InputError, match="region '7' has no conductivity"):
        tensors(part, None, {"scar": (0.1,)}, None, None, others=others)


@pytest.mark.parametrize(
    ("default", "regions", "words"),
    [
        (None, {"scar": (1.0,)}, "region '7' has no conductivity"),
        (None, {}, "region 'scar', '7' has no conductivity"),
        ((1.0,), {"scarr": (1.0,)}, r"regions\.scarr: no element has region 'scarr'; did you mean 'scar'"),
        ((1.0,), {"9": (1.0,)}, r"no element has region '9' \(the mesh has scar, 7\)"),
        ((1.0, 2.0), {}, "found 2 values, but the mesh has no fibres"),
    ],
)
def test_what_is_refused(part, default, regions, words):
    with pytest.raises(InputError, match=words):
        tensors(part, default, regions, None, None)


def test_three_values_need_sheets(part):
    with pytest.raises(InputError, match="no sheets"):
        tensors(part, (3.0, 2.0, 1.0), {}, part.fibres, None)


@pytest.mark.parametrize("name", ["--5", "²", "9" * 30, "", "-"])
def test_strange_names_of_regions(part, name):
    with pytest.raises(InputError, match="no element has region"):
        region_tags(part, name, "key")
