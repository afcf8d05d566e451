import math
from io import StringIO

import pytest

from hpc_twin.parallel import InputError
from hpc_twin.verify import CHECKS, Limit, Outcome, Table, load, report

INSIDE = Limit("velocity", 0.6, 0.5, 0.7, "mm/ms", "a paper")
OUTSIDE = Limit("order", 1.4, 1.8, 2.2, "", "theory")


def outcome(*limits, picture=None):
    table = Table("By spacing", ("h mm", "velocity"), [(0.1, 0.61234), ("0.2", math.nan), (3, 1e-7)])
    return Outcome("plane waves", "Some words.", limits, [table], picture)


def test_every_check_is_there():
    for name in CHECKS:
        assert callable(load(name))


def test_unknown_check():
    with pytest.raises(InputError, match=r"verify: found 'rank'; did you mean 'ranks'\?.*allowed: .*all"):
        load("rank")


def test_limits_hold_or_not():
    assert INSIDE.holds and not OUTSIDE.holds
    assert not Limit("lost", math.nan, -math.inf, math.inf, "", "").holds
    assert outcome(INSIDE).holds and not outcome(INSIDE, OUTSIDE).holds
    assert not outcome().holds, "a check without limits cannot fail, so it does not pass"


def test_section(tmp_path):
    """Numbers with four digits, NaN a dash, what lies outside marked; a picture where there is one."""
    report.write("ranks", outcome(INSIDE, OUTSIDE, picture=lambda f: f.add_subplot().plot([1, 2])), tmp_path, "now")
    text = (tmp_path / "ranks.md").read_text()
    assert text.startswith("## ranks: plane waves\n\nSome words.\n\n![plane waves](ranks.png)\n\nBy spacing\n\n")
    assert "| 0.1 | 0.6123 |\n| 0.2 | - |\n| 3 | 1e-07 |" in text
    assert "| velocity | 0.6 mm/ms | 0.5 to 0.7 mm/ms | ok | a paper |" in text
    assert "| order | 1.4 | 1.8 to 2.2 | OUTSIDE | theory |" in text and text.endswith("(now)\n")
    assert (tmp_path / "ranks.png").read_bytes()[:4] == b"\x89PNG"
    assert text in (tmp_path / "verification.md").read_text()


def test_sections_of_earlier_runs_stay(tmp_path):
    (tmp_path / "ranks.md").write_text("## ranks: an earlier run\n")
    (tmp_path / "strangers.md").write_text("not a check\n")
    other = next((name for name in CHECKS if name != "ranks"), "ranks")
    report.write(other, outcome(INSIDE), tmp_path, "now")
    text = (tmp_path / "verification.md").read_text()
    assert f"## {other}: plane waves" in text and "strangers" not in text
    assert other == "ranks" or "an earlier run" in text


def test_table_of_the_terminal():
    from rich.console import Console

    console = Console(width=100, record=True, file=StringIO())
    for grid in report.grids(outcome(INSIDE, OUTSIDE)):
        console.print(grid)
    text = console.export_text()
    assert "OUTSIDE" in text and "0.6123" in text and "a paper" in text
