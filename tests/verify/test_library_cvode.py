"""Library models against CVODE, some of them, a few beats; the table of all of them is docs/cellmodels.md."""

import json

import pytest
from tools import ROOT
from verify.library_table import ALLOWED, FIGURES, measure, page

from hpc_twin.cellmodels import names
from hpc_twin.cellmodels.registry import checks


@pytest.mark.parametrize(
    ("name", "scheme", "dt"),
    [("tentusscher_2006_epi", "auto2", 0.02), ("ohara_rudy_2011_endo", "auto2", 0.02), ("fabbri_2017", "auto", 0.02)],
)
def test_two_beats_agree_with_cvode(name, scheme, dt):
    found = measure(name, [(scheme, dt)], beats=2 if scheme == "auto2" else 3)
    assert found["difference"] < ALLOWED, found
    assert len(found["values"]) >= 6


def test_the_table_is_of_all_models_and_as_measured():
    figures = json.loads(FIGURES.read_text())
    assert set(names()) == set(figures) == set(checks())
    text = (ROOT / "docs" / "cellmodels.md").read_text()
    rows = [line for line in page(figures, set()).splitlines() if line.startswith("| `")]
    sources = rows[len(names()) :]
    assert all(line in text for line in sources)
    assert all(f"| `{name}` |" in text for name in names())
    assert all(f["difference"] < ALLOWED for f in figures.values())
