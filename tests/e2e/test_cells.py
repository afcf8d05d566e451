"""hpc-twin cell and hpc-twin models, as a user meets them."""

import json
import signal

import pytest
from PIL import Image
from tools import told, twin

from hpc_twin.cli.cell_work import stoppable

MODEL = "mitchell_schaeffer_2003"
DECAY = """[[model]]
a.x = 1

[a]
t = 0 [ms] bind time
    in [ms]
k = 0.1 [1/ms]
    in [1/ms]
dot(x) = -k * x
"""


def test_one_run_writes_all_files_on_two_ranks(tmp_path, obeyed):
    files = {"save": tmp_path / "s.nc", "picture": tmp_path / "p.png", "out": tmp_path / "t.nc"}
    words = [word for option, path in files.items() for word in (f"--{option}", str(path))]
    done = twin("cell", MODEL, "--beats", "3", "--set", "gate.tau_close=0.5x", "--plot", "--reference", *words, ranks=2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("APD90 ") == 2 and done.stdout.count("CVODE") == 1  # one table
    assert all(path.stat().st_size > 1000 for path in files.values())
    with Image.open(files["picture"]) as picture:
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
    again = obeyed("cell", MODEL, "--beats", "1", "--initial", str(files["save"]), "--strength", "0")
    assert again.returncode == 0 and "not stimulated" in again.stdout


def test_a_model_without_v(tmp_path, obeyed):
    (tmp_path / "decay.mmt").write_text(DECAY)
    words = (str(tmp_path / "decay.mmt"), "--beats", "1", "--period", "10 ms")
    done = obeyed("cell", *words, "--picture", str(tmp_path / "p.png"))
    assert done.returncode == 0 and "0.36" in done.stdout and (tmp_path / "p.png").exists(), done.stderr


WRONG = [
    (["cell", "mitchell_schaefer_2003"], "did you mean 'mitchell_schaeffer_2003'?"),
    (["cell", MODEL, "--dt", "0.02"], "--dt: "),
    (["cell", MODEL, "--set", "gate.tau_clos=1"], "did you mean 'gate.tau_close'?"),
    (["cell", MODEL, "--set", "gate.tau_close"], "--set: found 'gate.tau_close', write NAME=VALUE"),
    (["cell", MODEL, "--fix-labels", "w=gate.h"], "--fix-labels: unknown label 'w'"),
    (["cell", MODEL, "--scheme", "rush_larson"], "did you mean 'rush_larsen'?"),
    (["cell", MODEL, "--save", "/nowhere/s.nc"], "--save: there is no folder /nowhere"),
    (["cell", MODEL, "--save", "/tmp"], "--save: /tmp is a folder"),
    (["cell", MODEL, "--out", __file__], "is a file, give a folder"),
    (["cell", MODEL, "--initial", "/nowhere.nc"], "/nowhere.nc: no such file"),
    (["cell", MODEL, "--variables", "V"], "--variables: say with --out"),
    (["cell", MODEL, "--variables", "gate.hh", "--out", "t.nc"], "did you mean 'gate.h'?"),
    (["models", "show", "/nowhere.cellml"], "/nowhere.cellml"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_wrong_input(obeyed, words, message):
    done = obeyed(*words)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert len(told(done)) == 1 and message in told(done)[0]


def test_models_are_listed_shown_and_checked(obeyed):
    listed = obeyed("models")
    assert listed.returncode == 0 and MODEL in listed.stdout and "Mitchell" in listed.stdout
    shown = json.loads(obeyed("models", "show", MODEL, "--json").stdout)
    assert [s["method"] for s in shown["states"]] == ["forward_euler", "rush_larsen"]
    assert shown["parameters"]["gate.tau_close"]["value"] == 150
    plain = obeyed("models", "show", MODEL, "--scheme", "grl1").stdout
    assert "gate.tau_close" in plain and "membrane_potential: membrane.V" in plain
    good, bad = obeyed("models", "check", MODEL), obeyed("models", "check", MODEL, "--dt", "4 ms")
    assert good.returncode == 0 and "verdict: agrees with CVODE" in good.stdout
    assert bad.returncode == 2 and "verdict: differs" in bad.stdout


@pytest.fixture
def interruptible():
    """As in a shell's foreground: what is started in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_first_interrupt_is_heard_and_the_second_one_ends():
    with stoppable() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
