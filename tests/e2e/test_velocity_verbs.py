"""``hpc-twin tune-cv`` and ``hpc-twin restitution`` as a user meets them."""

import re

import pytest
from tools import case_text, told, twin

from hpc_twin.case import load_case
from hpc_twin.cellmodels import load
from hpc_twin.parallel import alone
from hpc_twin.run.velocities import Medium, plane_wave_velocity

TWO = '[tissue]\nuntil = "2 ms"\ndt = "0.1 ms"\n[tissue.conductivity]\n{}\n'
BOTH = 'intracellular = ["0.2 S/m", "0.04 S/m"]\nextracellular = ["0.6 S/m", "0.3 S/m"]'


@pytest.fixture
def case(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(case_text(tissue=TWO.format(BOTH)))
    return path


def table(text: str) -> dict[str, list[float]]:
    rows = re.findall(r"^(\w+) = \[(.*)\]$", text, re.MULTILINE)
    return {kind: [float(v.split()[0].strip('"')) for v in row.split(", ")] for kind, row in rows}


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_printed_conductivities_give_the_velocities(case, ranks):
    done = twin("tune-cv", case, "--velocity", "0.5 m/s, 30 cm/s", "--h", "0.3 mm", ranks=ranks)
    assert done.returncode == 0, done.stderr
    found = table(done.stdout)
    medium = Medium(load("mitchell_schaeffer_2003", comm=alone()), 0.3, 0.1)
    for k, (wanted, ratio) in enumerate(((0.5, 3.0), (0.3, 7.5))):
        i, e = found["intracellular"][k], found["extracellular"][k]
        assert e / i == pytest.approx(ratio, rel=1e-3)
        assert plane_wave_velocity(medium, i * e / (i + e)) == pytest.approx(wanted, rel=3e-3)
    again = case.with_name("again.toml")
    again.write_text(case_text(tissue=TWO.format(done.stdout[done.stdout.index("intracellular") :])))
    assert load_case(again).case.tissue.conductivity.given, "what was printed can be pasted"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--velocity", "0.5 mm"], '--velocity: found "0.5 mm", which is not a velocity'),
        (["--velocity", "0 mm/ms"], "--velocity: found 0 mm/ms, it must be greater than 0"),
        (["--velocity", ",".join(4 * ["1 m/s"])], "found 4 velocities"),
        (["--velocity", "1 m/s", "--h", "1 ms"], "--h: found"),
        (["--velocity", "1 m/s", "--region", "lv"], "--region: the case has no region 'lv'"),
        (["--velocity", "1 m/s", "--set", 'mesh={file="a.vtu"}'], "--h: give the edge length"),
        (["--velocity", "1 m/s", "--set", 'tissue.conductivity={effective=["0 S/m"]}'], "found 0 S/m"),
    ],
)
def test_what_cannot_be_tuned(case, obeyed, words, message):
    done = obeyed("tune-cv", case, *words)
    assert done.returncode == 2 and message in told(done)[0]


def test_a_velocity_beyond_any_tissue_is_told(case, obeyed):
    done = obeyed("tune-cv", case, "--velocity", "8 mm/ms", "--h", "0.5 mm")
    assert done.returncode == 0 and "more than any tissue conducts" in done.stderr and "effective" not in done.stdout


def test_elements_too_small_for_a_wave(case, obeyed):
    done = obeyed("tune-cv", case, "--velocity", "0.5 mm/ms", "--h", "1e-9 mm")
    assert done.returncode == 2 and "take larger ones" in done.stderr


def test_no_velocity_as_low_as_that(case, obeyed):
    done = obeyed("tune-cv", case, "--velocity", "0.001 mm/ms", "--h", "3 mm")
    assert done.returncode == 3 and "no conductivity gives 0.001 mm/ms" in done.stderr and "[tissue" not in done.stdout


def test_restitution_of_a_case(case, obeyed):
    words = ["--h", "0.5 mm", "--beats", "2", "--intervals", "700 ms, 400 ms", "--out", case.parent / "out"]
    done = obeyed("restitution", case, *words)
    assert done.returncode == 0, done.stderr
    rows = [line.split(",") for line in (case.parent / "out" / "restitution.csv").read_text().splitlines()]
    assert rows[0] == ["interval_ms", "DI_ms", "APD90_ms", "velocity_mm_per_ms"] and len(rows) == 3
    assert float(rows[1][0]) == 700 and float(rows[1][2]) > float(rows[2][2]) > 100 and float(rows[1][3]) > 0.2
    assert (case.parent / "out" / "restitution.png").stat().st_size > 10_000
    assert "steepest APD restitution: 0." in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mitchell_shaeffer_2003"], "did you mean 'mitchell_schaeffer_2003'?"),
        (["nothing.toml"], "nothing.toml: no such case file"),
        (["mitchell_schaeffer_2003", "--protocol", "s1s3"], "did you mean 's1s2'?"),
        (["mitchell_schaeffer_2003", "--protocol", "dynamic", "--beats", "2"], "needs 3 or more"),
        (["mitchell_schaeffer_2003", "--intervals", "300 ms, 400 ms"], "give the longest first"),
        (["mitchell_schaeffer_2003", "--intervals", "2 s"], "longer than --s1"),
        (["fabbri_2017", "--single-cell"], "fabbri_2017 drives itself, each 8"),
        (["mitchell_schaeffer_2003", "--intervals", "20"], '--intervals: found "20"'),
        (["mitchell_schaeffer_2003", "--single-cell", "--h", "1 mm"], "--h: belongs to a cable"),
        (["mitchell_schaeffer_2003", "--set", "tissue.dt=1 ms"], "--set: changes a case"),
    ],
)
def test_what_has_no_restitution(obeyed, words, message):
    done = obeyed("restitution", *words)
    assert done.returncode == 2 and message in told(done)[0]
