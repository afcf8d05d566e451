"""Harmonic coordinates and fibres on nodes of second order, beside those on corners alone."""

import numpy as np
import pytest

from hpc_twin.mesh.generate import left_ventricle, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.fibres.ventricles import ventricular_fibres
from hpc_twin.tissue.organ.laplace import laplace, smooth_gradients


def test_harmonic_field_and_its_gradient_are_exact_where_it_is_linear():
    part = distribute(quadratic(slab((3.0, 2.0, 1.0), 0.5)), world())
    phi = laplace(part, {"x0": 0.0, "x1": 1.0})
    assert phi.local == pytest.approx(part.points[:, 0] / 3, abs=1e-9)
    assert np.allclose(smooth_gradients(part, [phi])[0], (1 / 3, 0, 0), atol=1e-8)


def test_fibres_are_those_of_first_order():
    mesh = left_ventricle(scale=0.3, h=2.0)
    of_first, of_second = (ventricular_fibres(distribute(m, world()))[0] for m in (mesh, quadratic(mesh)))
    order = [np.argsort(distribute(m, world()).element_ids) for m in (mesh, quadratic(mesh))]
    aligned = np.abs((of_first[order[0]] * of_second[order[1]]).sum(axis=1))
    assert np.isfinite(aligned).all() and np.median(aligned) > 0.99 and np.quantile(aligned, 0.05) > 0.8
