"""What a run tells of the terminals of its conduction system, and of pieces that nothing excites."""

import re

import meshio
import numpy as np
import pytest

from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run import simulate
from hpc_twin.run.observers.terminals import tell

CASE = """
[mesh]
generate = "slab"
shape = {{ size = ["4 mm", "4 mm", "1 mm"], h = "0.5 mm" }}
[cells]
model = "tentusscher_2006_endo"
[purkinje]
file = [{files}]
junction_resistance = "{resistance}"
[tissue]
until = "15 ms"
dt = "0.05 ms"
[tissue.conductivity]
effective = ["0.13 S/m"]
[[stimulus]]
{place}
"""
INF = np.inf
HIS = 'node_set = "his"'
BEGIN = 'sphere = { centre = ["2 mm", "2 mm", "-5.2 mm"], radius = "1.2 mm" }'


def line(x: float, length: float = 5.0) -> np.ndarray:
    """(n, 3) a cable from below to the slab's surface."""
    return np.array([(x, 2.0, -0.2 - z) for z in np.linspace(length, 0, 21)])


def written(path, *lines: np.ndarray) -> None:
    last = np.cumsum([len(points) for points in lines]) - 1
    cells = np.delete(np.arange(last[-1])[:, None] + (0, 1), last[:-1], axis=0)
    meshio.Mesh(np.concatenate(lines), [("line", cells)]).write(path, binary=False)


def run(folder, capsys, place=HIS, resistance="3 kohm", files=("line.vtu",)) -> tuple[str, str]:
    """What it says and what it warns of."""
    names = ", ".join(f'"{name}"' for name in files)
    (folder / "case.toml").write_text(CASE.format(place=place, resistance=resistance, files=names))
    simulate(load_case(folder / "case.toml"), folder / "out", world())
    return capsys.readouterr()


def test_a_terminal_that_excites_muscle(tmp_path, capsys):
    written(tmp_path / "line.vtu", line(2.0))
    said, warned = run(tmp_path, capsys)
    found = re.search(r"1 of 1 terminals fired; 1 excited the muscle, (\S+) ms after them; 0 met muscle", said)
    assert found, said
    assert abs(float(found[1])) < 1.0
    assert "conduction system" not in warned


def test_a_terminal_that_does_not(tmp_path, capsys):
    written(tmp_path / "line.vtu", line(2.0))
    said, warned = run(tmp_path, capsys, resistance="60 kohm")
    assert "1 of 1 terminals fired; 0 excited the muscle; 0 met" in said
    assert "1 of 1 terminals that fired excited no muscle within 10 ms, the first at (2, 2, -0.2) mm: lower" in warned


def test_pieces_without_a_stimulus(tmp_path, capsys):
    """Of two files the second has none; its terminal is excited by the muscle."""
    written(tmp_path / "line.vtu", line(2.0))
    written(tmp_path / "other.vtu", line(3.5, 10.0))
    said, warned = run(tmp_path, capsys, BEGIN, files=("line.vtu", "other.vtu"))
    assert "a piece of 21 nodes, one at (3.5, 2, -10.2) mm, holds no stimulus and no sinus node" in warned
    assert "2 of 2 terminals fired; 1 excited" in said and "1 met muscle that was active before" in said
    assert "pieces that no line joins" not in warned


def test_a_file_of_several_pieces(tmp_path, capsys):
    """Each begins at a node of 'his', so each is stimulated; that is seldom meant."""
    written(tmp_path / "line.vtu", line(2.0), line(3.5, 2.0)[::4])
    _, warned = run(tmp_path, capsys)
    assert (
        "2 pieces that no line joins" in warned and "21 points, one at (2, 2, -5.2) mm; 6 points, one at (3.5" in warned
    )
    assert "holds no stimulus" not in warned


@pytest.mark.parametrize(
    ("cable", "terminal", "muscle", "now", "words"),
    [
        ([4, INF], [5, INF], [6, INF], 12.0, ["1 of 2 terminals fired; 1 excited the muscle, 1 ms after them"]),
        ([4, INF], [5, INF], [6, INF], 16.0, ["1 of 2 terminals did not fire, the first at (1, 0, 0) mm"]),
        ([4, 4], [5, 5], [20, INF], 14.0, ["2 of 2 terminals fired; 0 excited the muscle; 0 met"]),
        ([4, 8], [5, 9], [20, INF], 16.0, ["1 of 2 terminals that fired excited no muscle", "first at (0, 0, 0) mm"]),
        ([6, 4], [5, 5], [4, 4.5], 90.0, ["2 of 2 terminals fired; 1 excited the muscle, -0.5 ms after them; 1 met"]),
        ([INF, INF], [INF, INF], [4, INF], 90.0, ["0 of 2 terminals fired; 0 excited the muscle; 0 met"]),
    ],
)
def test_what_is_told_when(capsys, cable, terminal, muscle, now, words):
    """Nobody is blamed before there was time."""
    tell(world(), np.array([(0.0, 0, 0), (1.0, 0, 0)]), np.column_stack((cable, terminal, muscle)), now)
    both = "".join(capsys.readouterr())
    assert all(word in both for word in words)
    assert ("warning" in both) == (len(words) == 2 or "did not fire" in words[0])
