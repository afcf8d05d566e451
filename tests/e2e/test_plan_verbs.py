"""hpc-twin plan and scale: measurements on ranks, and what the command line refuses."""

import pytest
from tools import COMMAND, case_text, run_on, told

from hpc_twin.parallel import InputError
from hpc_twin.scaling.launch import Request, measured


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "case.toml"
    path.write_text(case_text())
    return path


def test_a_plan_from_the_command_line(case, tmp_path):
    words = ["plan", case, "--ranks", "1,4", "--network", "ethernet-10g"]
    done = run_on(1, ["taskset", "-c", "0", *COMMAND, *words], XDG_CACHE_HOME=str(tmp_path))  # one core: fewer runs
    assert done.returncode == 0, done.stderr
    assert "60 nodes, 144 elements, 20 steps" in done.stdout
    assert "measured on this machine" in done.stdout and "assumed of ethernet-10g" in done.stdout
    assert len(list((tmp_path / "hpc_twin" / "plans").iterdir())) == 1


def test_a_measurement_tells_ranks_nodes_and_times(case, monkeypatch):
    for key, value in {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                       "OMPI_MCA_rmaps_base_oversubscribe": "1"}.items():  # fmt: skip
        monkeypatch.setenv(key, value)
    found = measured(Request(str(case), (), 2, 1.0))
    assert (found.ranks, found.nodes, found.steps, len(found.memory)) == (2, 60, 10, 2)
    assert found.wall > found.launch + sum(found.seconds[name] for name in ("mesh", "assembly", "cells", "solve"))
    assert [(window.steps, window.until) for window in found.windows] == [(10, 1.0)]
    assert 10 < found.memory[1] <= found.memory[0] and found.bytes > 1000 and found.triad > 0.1


def test_a_measurement_of_a_case_that_is_refused(case):
    with pytest.raises(InputError, match=r"mesh\.shape|h = 9"):
        measured(Request(str(case), ('mesh.shape.h="9 mm"',), 1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "--ranks", "0"], "--ranks: found 0, allowed is 1 or more"),
        (["scale", "--network", "token-ring"], "--network: found 'token-ring' (known: infiniband-100g, marenostrum5"),
        (["scale", "--parts", "10000000"], "--parts: found 10,000,000, allowed is at most 1,000,000"),
        (["scale", "--ranks", "100000"], "--ranks: found 100,000, allowed is at most"),
    ],
)
def test_what_is_refused(case, obeyed, words, message):
    done = obeyed(words[0], case, *words[1:])
    assert done.returncode == 2
    assert message in told(done)[0]
