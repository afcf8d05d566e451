"""The Niederer benchmark in short: published spread at dx = 0.2 mm, convergence from 0.5 mm."""

from pathlib import Path

from niederer_table import run
from tools import RANKS

CONVERGED = 42.75  # ms at P8: Niederer et al. 2011, the three codes that went on to 0.05 mm


def test_far_corner_lies_in_the_published_spread_and_converges(tmp_path: Path, monkeypatch):
    for name, value in RANKS.items():
        monkeypatch.setenv(name, value)
    coarse, _ = run(0.5, 0.05, "0.5", 2, tmp_path / "coarse")
    fine, diagonal = run(0.2, 0.05, "0.5", 2, tmp_path / "fine")
    assert 37.8 < fine[7] < 48.7
    assert 1.05 * CONVERGED < fine[7] < 1.15 * CONVERGED  # docs/niederer.md: 47.81
    assert abs(fine[7] - CONVERGED) < abs(coarse[7] - CONVERGED) / 2
    assert (diagonal[1:] >= diagonal[:-1] - 0.5).all()
    assert fine[0] < 1.5
