"""docs/case.md says what the schema says."""

from tools import ROOT

from hpc_twin.case.describe import describe


def test_the_page_of_case_keys_is_the_schema():
    assert (ROOT / "docs/case.md").read_text().strip() == describe().strip()
