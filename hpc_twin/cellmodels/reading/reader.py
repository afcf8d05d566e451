"""The one door: a library name or a model file to Equations. The text is a stranger's: it is parsed, never executed."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import myokit

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.reading import units
from hpc_twin.cellmodels.reading.assemble import Assembly, Request
from hpc_twin.cellmodels.reading.cellml import read_cellml
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.documents import Document, open_document
from hpc_twin.cellmodels.reading.labels import find
from hpc_twin.cellmodels.reading.mmt import read_mmt
from hpc_twin.cellmodels.reading.sbml import read_sbml
from hpc_twin.cellmodels.reading.values import value_of
from hpc_twin.cellmodels.registry import FOLDER, INITIAL_STATES, LIBRARY, Entry
from hpc_twin.parallel import InputError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUFFIXES = (".mmt", ".cellml", ".xml", ".sbml")
LONGEST_MESSAGE = 500  # characters


def read(
    name_or_path: str | Path,
    parameters: Mapping[str, float | str] | None = None,
    varying: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Equations:
    """Equations of a library model or of a file: Myokit .mmt, CellML 1.0, 1.1 or 2.0, SBML.

    ``parameters`` replaces constants by qualified name: a number in the model's own unit, or a factor as ``"0.5x"``;
    the constants named in ``varying`` stay variables of the expressions. ``labels`` (label -> qualified name, "none"
    for no such variable) overrides what would be found: membrane_potential, stimulus_current, time,
    intracellular_calcium, contraction_force. What was guessed stands in ``notes``. Raises InputError.
    """
    entry, path = _locate(name_or_path)
    document = open_document(path)
    if document.format == "sbml":
        equations = read_sbml(path, parameters, varying, labels)
        if not equations.states and equations.v is None:
            raise InputError(f"{path}: nothing in it changes by a reaction or a rate rule: it has no states")
        return equations
    try:
        return _read(document, entry, str(name_or_path), parameters or {}, varying, labels)
    except myokit.ParseError as error:
        raise InputError(f"{path}, line {error.line}: {_said(error.desc or error.name)}") from None
    except (Unsupported, myokit.MyokitError) as error:
        raise InputError(f"{path}: {_said(error)}") from None
    except (ArithmeticError, ValueError) as error:
        raise InputError(f"{path}: holds a number that cannot be computed with ({_said(error)})") from None
    except RecursionError:
        raise InputError(f"{path}: an expression is nested too deeply to be read") from None


def _said(words: object) -> str:
    """What a parser says of a stranger's text: one line, not long, without what moves the cursor of a terminal."""
    line = " ".join(str(words).split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " ..."


def _read(
    document: Document,
    entry: Entry,
    name: str,
    parameters: Mapping[str, float | str],
    varying: Sequence[str],
    fixed: Mapping[str, str] | None,
) -> Equations:
    path, protocol = document.path, None
    annotations: dict[str, str] = {}
    notes: list[str] = []
    if document.format == "mmt":
        model, protocol = read_mmt(document.text(), path)
    else:
        model, annotations, notes = read_cellml(document.content, path)
    labels = find(model, annotations, fixed, path)
    labels.notes += [*notes, *_units_that_clash(model)]
    _known(model, [*parameters, *varying], path)
    changed = {**_changed(model, entry.parameters), **_changed(model, parameters)}
    request = Request(name, changed, _initial_states(name), varying)
    return Assembly(model, protocol, labels, request).equations()


def _units_that_clash(model: myokit.Model) -> list[str]:
    try:
        model.check_units(myokit.UNIT_TOLERANT)
    except myokit.IncompatibleUnitError as error:
        return ["units do not agree, the numbers are taken as they are: " + " ".join(str(error).split())[:300]]
    return []


def _locate(name_or_path: str | Path) -> tuple[Entry, Path]:
    text = str(name_or_path)
    if text in LIBRARY:
        return LIBRARY[text], FOLDER / LIBRARY[text].file
    path = Path(text)
    if path.suffix.lower() in SUFFIXES or (path.name and path.is_file()):
        return Entry(path.name), path
    known = ", ".join(LIBRARY)
    raise InputError(
        f"unknown cell model '{text}'{nearest(text, LIBRARY)} "
        f"(known: {known}, or the path of a file: {', '.join(SUFFIXES)})"
    )


def _initial_states(name: str) -> dict[str, float]:
    """Those of a variant of the library."""
    with open(INITIAL_STATES, "rb") as file:
        return tomllib.load(file).get(name, {})


def _known(model: myokit.Model, names: Sequence[str], path: Path) -> None:
    constants = [v.qname() for v in model.variables(const=True, deep=True)]
    for name in names:
        if name not in constants:
            listed = ", ".join(constants)
            raise InputError(f"{path}: no parameter '{name}'{nearest(name, constants)} (known: {listed})")


def _changed(model: myokit.Model, parameters: Mapping[str, float | str]) -> dict[str, float]:
    """The values, which ``model`` takes, too: a factor is one of what the constant is beside all other changes."""
    values = {}
    for name, given in sorted(parameters.items(), key=lambda item: isinstance(item[1], str)):
        constant = model.get(name)
        values[name] = value_of(name, given, constant.eval, units.text(constant.unit()))
        if not isinstance(given, str):
            model.get(name).set_rhs(values[name])
    for name, value in values.items():
        model.get(name).set_rhs(value)
    return values
