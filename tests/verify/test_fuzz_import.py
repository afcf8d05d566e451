"""Damaged model files: each ends in Equations or in one message, in seconds, and what compiles can be stepped.

``HPC_TWIN_FUZZ=1500 pytest tests/verify/test_fuzz_import.py`` reads that many files (150 without it).
"""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from mutations import mutated
from small_models import SMALL

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
FOREIGN = (
    "cell_models/hh_1952.cellml",
    "cell_models/noble_1962.cellml",
    "cell_models/fabbri_2017.cellml",
    "import_corpus/kernik-2019.mmt",
    "import_corpus/hodgkin-1952.mmt",
    "import_corpus/lotka-volterra.mmt",
)
COUNT = int(os.environ.get("HPC_TWIN_FUZZ", 150))
LONGEST = 20  # seconds for one file
COMPILED = 25  # of the files that are read one in so many is compiled


def _sources() -> list[tuple[str, bytes]]:
    """(suffix, content): the small models and, where the reference folder is there, files of others."""
    found = [(Path(name).suffix, text.encode()) for name, text in SMALL.items()]
    there = [REFERENCE / name for name in FOREIGN if (REFERENCE / name).is_file()]
    return found + [(path.suffix, path.read_bytes()) for path in there]


def _ends(path: Path, scheme: str | None) -> str:
    """How reading (and, with a scheme, compiling and stepping) the file ends; fails on all but the two good ends."""
    try:
        if scheme is None:
            read(path)
            return "read"
        kernel = load(path, scheme=scheme)
    except InputError as error:
        assert str(path) in str(error) and len(str(error)) < 3000
        return "refused"
    V = None if kernel.v_initial is None else np.full(9, kernel.v_initial)
    kernel.advance(V, kernel.new_states(9), None, 0.0, 0.01, substeps=3)
    return "read"


@pytest.fixture
def in_time():
    """Raise TimeoutError in a test that hangs on one file."""

    def ring(*_):
        raise TimeoutError(f"one file took more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda: signal.alarm(LONGEST)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_damaged_files_end_in_equations_or_in_one_message(tmp_path, in_time):
    sources, ends, slowest = _sources(), {"read": 0, "refused": 0}, 0.0
    for seed in range(COUNT):
        suffix, content = sources[seed % len(sources)]
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(mutated(content, seed))
        in_time()
        start = time.monotonic()
        try:
            end = _ends(path, None)
            if end == "read" and ends["read"] % COMPILED == 0:
                end = _ends(path, "forward_euler")
        except Exception as error:
            raise AssertionError(f"seed {seed} ({suffix}): {type(error).__name__}: {error}") from error
        ends[end] += 1
        slowest = max(slowest, time.monotonic() - start)
    print(f"\n{COUNT} damaged files: {ends}, the slowest took {slowest:.1f} s")
    assert min(ends.values()) > COUNT // 20  # damage that is neither too mild nor too coarse


def test_the_same_seed_gives_the_same_damage():
    for text in SMALL.values():
        assert mutated(text.encode(), 7) == mutated(text.encode(), 7)
        assert len({mutated(text.encode(), seed) for seed in range(40)}) > 30
