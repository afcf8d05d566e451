"""Files that want to do harm: read others, run something, fill the memory, hang, or speak to the compiler."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.kernels.pipeline import lower
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

MMT = "[[model]]\nm.V = -80\n[m]\ntime = 0 bind time\ndot(V) = {} label membrane_potential\n"
CELLML = """<model name="m" xmlns="http://www.cellml.org/cellml/1.1#" xmlns:xlink="http://www.w3.org/1999/xlink">
{}</model>"""
LAUGHS = "\n".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 12))
SECRET = "the secret of another file"


def _refused(tmp_path, name, content) -> str:
    """The message with which a file is refused, in less than 10 seconds of this process."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    start = time.process_time()
    with pytest.raises(InputError) as error:
        read(path)
    assert time.process_time() - start < 10
    assert str(path) in str(error.value)
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)
    return str(error.value)


def test_entities_are_refused_before_they_are_read(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    for declaration in (
        f'<!DOCTYPE m [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>',
        '<!DOCTYPE m SYSTEM "http://localhost:1/model.dtd">',
        f'<!DOCTYPE m [<!ENTITY l0 "lol">{LAUGHS}]>',
        "<!DOCTYPE m>",
    ):
        words = _refused(tmp_path, "m.cellml", declaration + CELLML.format("&x;&l11;"))
        assert "DOCTYPE" in words and SECRET not in words


@pytest.mark.parametrize("href", ["/etc/passwd", "http://localhost:1/other.cellml", "other.cellml"])
def test_imports_are_refused(tmp_path, href):
    (tmp_path / "other.cellml").write_text(SECRET)
    text = CELLML.format(f'<import xlink:href="{href}"><component name="a" component_ref="b"/></import>')
    assert href in _refused(tmp_path, "m.cellml", text)


def test_deep_and_large_xml_is_refused(tmp_path):
    assert "deep" in _refused(tmp_path, "m.cellml", CELLML.format("<a>" * 100_000 + "</a>" * 100_000))
    assert "variables" in _refused(
        tmp_path, "m.cellml", CELLML.format('<component name="c">' + "<variable/>" * 6000 + "</component>")
    )
    assert "elements" in _refused(tmp_path, "m.cellml", CELLML.format("<a/>" * 600_000))
    assert "larger than" in _refused(tmp_path, "m.cellml", CELLML.format(" " * 11_000_000))


@pytest.mark.parametrize(
    "rate",
    [
        "(" * 1_000_000 + "1" + ")" * 1_000_000,
        "(" * 20_000 + "1" + ")" * 20_000,
        "-" * 20_000 + "1",
        "+".join(["1"] * 20_000),
        "sqrt(" * 5000 + "1" + ")" * 5000,
        "1 [m (1e999)]",
        "x" * 1_000_000,
        "m.V(" * 300,
        "y" * 40_000 + "".join(f"\nx{k} = 1" for k in range(1000)) + "\nx =",
    ],
)
def test_monstrous_expressions_are_refused(tmp_path, rate):
    assert "m.mmt" in _refused(tmp_path, "m.mmt", MMT.format(rate))


def test_too_many_equations_and_circles_are_refused(tmp_path):
    many = MMT.format("1") + "".join(f"x{k} = 1\n" for k in range(100_000))
    assert "has 100003 equations" in _refused(tmp_path, "m.mmt", many)
    assert "m.mmt" in _refused(tmp_path, "m.mmt", MMT.format("a") + "a = b\nb = a\n")


def test_huge_exponents_and_numbers_stay_numbers(tmp_path):
    path = tmp_path / "m.mmt"
    path.write_text(MMT.format("10^10^10 + 1e999 - V^1000000000 + 0 * exp(1e9)"))
    equations = read(path)
    assert any("not finite" in note for note in equations.notes)
    kernel = load(path)
    kernel.advance(np.full(3, 1.0), kernel.new_states(3), None, 0.0, 0.01)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin/x", "/proc/self/mem", "\0", ""])
def test_what_is_no_file_is_refused(device):
    with pytest.raises(InputError):
        read(device + ".mmt" if device.startswith("\0") else device)


def test_unknown_operations_are_named(tmp_path):
    for rate, word in (("diff(m.x, m.V)", "diff()"), ("random(1)", "random()"), ("delay(m.V, 1)", "delay()")):
        assert word in _refused(tmp_path, "m.mmt", MMT.format(rate) + "x = m.V * 2\n")
    math = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><eq/><ci>y</ci><apply><csymbol definitionURL="delay"/>'
    )
    body = f'<component name="c"><variable name="y" units="second"/>{math}<ci>y</ci></apply></apply></math></component>'
    assert "csymbol" in _refused(tmp_path, "m.cellml", CELLML.format(body))


WORDS = ("int", "double", "system", "main", "V", "restrict", "__asm__", "x0", "s0", "exp", "TILE", "i")


def test_names_never_reach_the_compiler(tmp_path):
    """Whatever a file calls its variables, the C text is that of the same file with other names."""
    texts = []
    for words in (WORDS, [f"name{k}" for k in range(len(WORDS))]):
        names = [w.strip("_") for w in words]
        body = "".join(f"dot({name}_) = -{name}_ * c_{name}\nc_{name} = 1.5\n" for name in names)
        start = "[[model]]\n" + "".join(f"a.{name}_ = 1\n" for name in names)
        path = tmp_path / "m.mmt"
        path.write_text(
            f'{start}[a]\ntime = 0 bind time\n    desc: """"); system("touch {tmp_path}/x"); ("\n"""\n{body}'
        )
        texts.append(lower(read(path), "forward_euler")[0])
    assert texts[0] == texts[1]
    assert not any(f"{word}_" in texts[0] for word in WORDS if word.isalpha() and len(word) > 2)


@pytest.mark.parametrize("name", ['"); system("touch x"); ("', "a b", "é", "a\nb", "../x", "%s%n", "{}", "a;b"])
def test_odd_names_in_cellml_are_refused(tmp_path, name):
    from xml.sax.saxutils import quoteattr

    text = CELLML.format(f'<component name={quoteattr(name)}><variable name="y" units="second"/></component>')
    assert "m.cellml" in _refused(tmp_path, "m.cellml", text)


LIMITED = """
import sys, resource
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event in
    ("open", "socket.connect", "subprocess.Popen", "os.system", "exec_by_hand") else None)
for path in sys.argv[1:]:
    try:
        read(path)
    except InputError:
        pass
wrong = [(e, str(a[0])) for e, a in opened if e != "open" or (str(a[0]) not in sys.argv[1:] and (
    "w" in str(a[1]) or "/etc" in str(a[0]) or "secret" in str(a[0])))]
sys.exit(str(wrong) if wrong else 0)
"""


def test_reading_opens_nothing_else(tmp_path):
    """Watched by Python's own audit events, in 4 GB: no file written, no socket, no process, no file of the user."""
    (tmp_path / "secret").write_text(SECRET)
    texts = {
        "a.mmt": MMT.format("1") + f"\n[[script]]\nopen('{tmp_path}/secret')\nimport os\nos.system('true')\n",
        "b.cellml": CELLML.format(f'<import xlink:href="{tmp_path}/secret"/>'),
        "c.cellml": f'<!DOCTYPE m [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>' + CELLML.format("&x;"),
        "e.cellml": f'<!DOCTYPE m [<!ENTITY l0 "lol">{LAUGHS}]>' + CELLML.format("&l11;"),
        "f.mmt": MMT.format("(" * 1_000_000 + "1" + ")" * 1_000_000),
        "d.sbml": '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model/></sbml>',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-c", LIMITED, *(str(tmp_path / name) for name in texts)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / "x").exists()


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mmt")
    (tmp_path / "zero.cellml").symlink_to("/dev/zero")
    for name in ("pipe.mmt", "zero.cellml"):
        with pytest.raises(InputError, match="not a file"):
            read(tmp_path / name)
