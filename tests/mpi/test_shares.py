"""Shares of meshes on 1, 2 and 3 ranks, of blocks thrown about at random, refined, of order 2: see shares.py."""

import sys
from pathlib import Path

import pytest
from tools import run_on


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_what_ranks_get_of_a_mesh(ranks):
    done = run_on(ranks, [sys.executable, Path(__file__).with_name("shares.py")])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is done") == ranks
