"""Cases with everything that has a memory, and how their results are compared."""

import json
import shutil
import sys
from pathlib import Path

import netCDF4
import numpy as np
from tools import CELLS, TIGHT, box_text, case_text, mesh_text, tissue_text

STEPS = 80  # of 0.1 ms
SHEET = mesh_text("sheet", (5, 3), 0.5)
BOTH = {"intracellular": (0.2, 0.05), "extracellular": (0.4, 0.3)}
LEFT = "[[stimulus]]\n" + box_text((0, 0, 0), (1, 2, 0)) + 'strength = "100000 uA/cm^3"\n'
AGAIN = LEFT + 'start = "3 ms"\nduration = "2.5 ms"\nperiod = "3.7 ms"\n'
SLAB = mesh_text("slab", (5, 3, 2), 0.5)
NETWORK = '[purkinje]\nfile = ["tree.pkje"]\njunction_resistance = "4 kohm"\ncross_section = "0.2 mm^2"\n'
HIS = '[[stimulus]]\nnode_set = "his"\n'
MEASURES = ("activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity",
            "phase", "singularities", "dominant_frequency")  # fmt: skip
WATCHED = f"""
[probes]
a = ["1 mm", "1 mm", "1 mm"]
b = ["3 mm", "1 mm", "0 mm"]
[ecg]
every = "0.3 ms"
[ecg.electrodes]
RA = ["-40 mm", "0 mm", "0 mm"]
LA = ["40 mm", "30 mm", "0 mm"]
LL = ["0 mm", "-50 mm", "9 mm"]
[output]
every = "1 ms"
trace_every = "0.2 ms"
fields = ["V", "gate.h"]
measures = {json.dumps(MEASURES)}
activation_threshold = "-60 mV"
state = ["3 ms", "6 ms"]
[output.phase]
every = "0.5 ms"
delay = "1.5 ms"
[output.frequency]
low = "400 Hz"
high = "1200 Hz"
step = "100 Hz"
start = "2 ms"
"""
SPIRAL = """
[initial.rotor]
centre = ["9.2 mm", "9.6 mm", "0 mm"]
cycle_length = "600 ms"
beats = 3
[output]
every = "1 ms"
measures = ["phase", "singularities"]
[output.phase]
every = "0.5 ms"
delay = "1 ms"
tip = "isoline"
origin = "-60 mV"
"""
BATH = f"""
[[region]]
name = "bath"
{box_text((4, 0, 0), (5, 3, 0))}
[bath.regions.bath]
conductivity = ["0.8 S/m"]
[probes]
a = ["1 mm", "1 mm", "0 mm"]
bath = ["5 mm", "1 mm", "0 mm"]
[output]
every = "1 ms"
fields = ["V", "phi_e"]
"""
SHOCKS = """
[[electrode]]
name = "plus"
kind = "voltage"
voltage = "800 mV"
sphere = { centre = ["0 mm", "0 mm", "0 mm"], radius = "0.7 mm" }
start = "4 ms"
duration = "1.5 ms"
[[electrode]]
name = "minus"
kind = "voltage"
voltage = "-300 mV"
sphere = { centre = ["5 mm", "3 mm", "0 mm"], radius = "0.7 mm" }
start = "4 ms"
duration = "1.5 ms"
[[electrode]]
name = "in"
kind = "current"
current = "20 uA"
node_set = "x1"
start = "1 ms"
duration = "1 ms"
period = "2.9 ms"
[[electrode]]
name = "out"
kind = "current"
current = "-20 uA"
node_set = "y1"
start = "1 ms"
duration = "1 ms"
period = "2.9 ms"
"""
LATER = '[initial]\nstate = "1/watched/state_3ms.nc"\nclock = "continue"\n'
GIVEN = '[tissue.velocity]\nvalues = ["0.6 m/s", "0.3 m/s"]\n'


def tree() -> str:
    """A cable under the slab, from outside, as text."""
    x = np.linspace(-2, 4.5, 20) * 1000
    return "\n".join(["1", "Cable 0", "-1 -1", "-1 -1", "20", "7.0", "100.0", "0.0006", *(f"{a} 1500 -200" for a in x)])


def texts() -> dict[str, str]:
    """Every equation that marches, and in one or the other all that watches."""

    def sheet(model: str, *more: str, keys: str = "", stimulus: str = AGAIN) -> str:
        tissue = tissue_text(8, f'model = "{model}"\n{keys}', **BOTH)
        return case_text(SHEET, CELLS, tissue, stimulus, TIGHT + "".join(more))

    def heart(model: str, *more: str, cells: str = CELLS, keys: str = "", mesh: str = SHEET) -> str:
        tissue = tissue_text(8, f'model = "{model}"\n{keys}', effective=(0.2, 0.05))
        return case_text(mesh, cells, tissue, LEFT, TIGHT + "".join(more))

    mixed = '[cells]\nmodel = "tentusscher_2006_epi"\nprecision = "mixed"\n'
    every = '[output]\nevery = "0.8 ms"\nfields = ["V"]\n'
    varying = CELLS + '[cells.gradients."inward.tau"]\nspread = 0.1\nx = ["1x", "1.2x"]\n'
    slab = case_text(SLAB, varying, tissue_text(8, 'splitting = "strang"\n', **BOTH), HIS + AGAIN, TIGHT + NETWORK)
    return {
        "watched": slab + WATCHED,
        "watched_later": slab + WATCHED + LATER,
        "spiral": heart("monodomain", SPIRAL, mesh=mesh_text("sheet", (20, 20), 1)),
        "mixed": heart("monodomain", every, cells=mixed, keys="order = 2\n"),
        "block": sheet("bidomain", BATH, SHOCKS, keys='splitting = "strang"\n'),
        "decoupled": sheet("bidomain", BATH, SHOCKS, '[bidomain]\nsolve = "decoupled"\n'),
        "pseudo": sheet("pseudo_bidomain", BATH, "[bidomain]\nevery = 2\n"),
        "driven": heart("reaction_eikonal", every, GIVEN),
        "driven_alone": heart("reaction_eikonal", every, GIVEN, "[tissue.foot]\ndiffusion = false\n"),
    }


def write_cases(folder: Path) -> list[Path]:
    """All cases as files."""
    (folder / "tree.pkje").write_text(tree())
    paths = []
    for name, text in texts().items():
        paths.append(folder / f"{name}.toml")
        paths[-1].write_text(text)
    return paths


def contents(path: Path) -> dict[str, tuple]:
    """All variables of a file, to the last bit."""
    with netCDF4.Dataset(path) as data:
        data.set_auto_maskandscale(False)
        return {name: (v.shape, np.asarray(v[:]).tobytes()) for name, v in data.variables.items()}


def outputs(folder: Path) -> list[str]:
    """Names of a run's results."""
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".nc", ".exo"))


def cut(whole: Path, folder: Path, step: int) -> None:
    """A copy of a run that kept all its checkpoints, as if it had been killed after that of ``step``."""
    shutil.copytree(whole, folder)
    for path in (folder / "checkpoints").iterdir():
        if int(path.name) > step:
            shutil.rmtree(path)
    assert (folder / "checkpoints" / f"{step:09d}").is_dir()
    for name in outputs(folder):
        if not name.startswith("state"):  # those before are there, those after come again
            (folder / name).unlink()


KEPT = ('checkpoint.every_simulated="2.3 ms"', "checkpoint.keep=9", "checkpoint.at_end=true")


def run_all(paths: list[Path], whole: Path, verb: str, out: Path, step: int) -> None:
    """whole: every case with many checkpoints; plain: without any; cut: gone on with from that of ``step``."""
    from hpc_twin.case import load_case
    from hpc_twin.parallel import on_root, world
    from hpc_twin.run import simulate

    comm = world()
    for path in paths:
        loaded = load_case(path, ["checkpoint.enabled=false"] if verb == "plain" else KEPT)
        if verb == "cut":
            on_root(comm, lambda path=path: cut(whole / path.stem, out / path.stem, step))
        simulate(loaded, out / path.stem, comm, again=verb == "cut")


if __name__ == "__main__":
    """restarts.py FOLDER RANKS VERB:OUT:STEP ...: each for all cases; the whole runs that are cut are in RANKS."""
    folder = Path(sys.argv[1])
    for wish in sys.argv[3:]:
        kind, name, number = wish.split(":")
        run_all(sorted(folder.glob("*.toml")), folder / sys.argv[2], kind, folder / name, int(number))
