"""CellML 1.0, 1.1 and 2.0 by Myokit's parsers, behind a guard and with what they stumble over smoothed out.

Specifications: https://www.cellml.org/specifications. Imports (1.1, 2.0) are refused: no other file is ever read.
"""

import re
import warnings
from pathlib import Path

import myokit
import myokit.formats.cellml as namespaces
import myokit.formats.cellml.v1
import myokit.formats.cellml.v2

from hpc_twin.cellmodels.reading.connections import clocks, connect_initial_values, connect_time
from hpc_twin.cellmodels.reading.xmlguard import parse_xml
from hpc_twin.parallel import InputError

_VERSIONS = {
    namespaces.NS_CELLML_1_0: ("1.0", myokit.formats.cellml.v1),
    namespaces.NS_CELLML_1_1: ("1.1", myokit.formats.cellml.v1),
    namespaces.NS_CELLML_2_0: ("2.0", myokit.formats.cellml.v2),
}
_NAMES = ("name", "component", "component_1", "component_2", "variable_1", "variable_2", "units", "initial_value")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_NUMBER = re.compile(r"\s*[-+]?[\d.]+([eE][-+]?\d+)?\s*\Z")
# Myokit takes time with the square of both (5 s for 5000); the largest published cell models have 1000
MOST = {"equations": 5000, "variables": 5000}

Annotations = dict[str, str]  # term of the Oxford metadata -> qualified name


def read_cellml(content: bytes, path: Path) -> tuple[myokit.Model, Annotations, list[str]]:
    """The model, the variables that it annotates, and what had to be guessed. Raises InputError, MyokitError."""
    root = parse_xml(content, path)
    namespace, tag = _split(root.tag)
    if namespace not in _VERSIONS or tag != "model":
        raise InputError(f"{path}: found <{tag}> of namespace '{namespace}', CellML 1.0, 1.1 or 2.0 has <model>")
    version, parser = _VERSIONS[namespace]
    _refuse(root, namespace, version, path)
    annotations = _annotations(root)
    _smooth(root, namespace)
    _drop_lone_references(root, namespace)
    _start_time_at_zero(root)
    said = _numbers_without_units(root, namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parsed = parser.CellMLParser().parse(root)
        _refuse_what_has_no_value(parsed, version, path)
        model = parsed.myokit_model()
    connect_initial_values(model)
    said += connect_time(model, parsed, clocks(root), path)
    notes = list(dict.fromkeys([*(" ".join(str(w.message).split()) for w in caught), *said]))
    for note in notes:
        if "has no initial value" in note:
            raise InputError(f"{path}: {note}")
    return model, _found(annotations, model), notes


def _split(tag: str) -> tuple[str, str]:
    """Namespace and name of an element."""
    namespace, _, name = str(tag).rpartition("}")
    return namespace.lstrip("{"), name


def _refuse(root, namespace: str, version: str, path: Path) -> None:
    imported = root.find(f"{{{namespace}}}import")
    if imported is not None:
        href = next((value for key, value in imported.attrib.items() if _split(key)[1] == "href"), "")
        raise InputError(
            f"{path}, line {imported.sourceline}: imports '{href[:200]}' (CellML {version}): other files are never "
            "read, give the model in one file (OpenCOR and libCellML write flattened ones)"
        )
    tags = {"equations": f"{{{namespaces.NS_MATHML}}}eq", "variables": f"{{{namespace}}}variable"}
    for what, tag in tags.items():
        count = sum(1 for _ in root.iter(tag))
        if count > MOST[what]:
            raise InputError(f"{path}: has {count} {what}, at most {MOST[what]} are read")


def _refuse_what_has_no_value(parsed, version: str, path: Path) -> None:
    """Myokit would take 0 for a variable that equations use but that nothing defines."""
    integrated = None if version != "2.0" else parsed.variable_of_integration()
    times = set() if integrated is None else {integrated, *integrated.connected_variables()}
    used = {lhs.var() for component in parsed for v in component if v.rhs() is not None for lhs in v.rhs().references()}
    for variable in sorted(used, key=str):
        if version == "2.0":
            missing = variable.is_free() and variable not in times
        else:
            source = variable.value_source()
            missing = source.rhs() is None and source.initial_value() is None and not source.is_free()
        if missing:
            raise InputError(f"{path}: equations use {variable.component().name()}.{variable.name()}, it has no value")


def _annotations(root) -> dict[str, tuple[str, str]]:
    """Term -> (component, variable), from RDF statements '#id is oxmeta#term' wherever they stand."""
    rdf = f"{{{namespaces.NS_RDF}}}"
    terms = {}
    for description in root.iter(rdf + "Description"):
        about = description.get(rdf + "about", "")
        for statement in description:
            resource = statement.get(rdf + "resource", "")
            if _split(statement.tag)[1] in ("is", "isVersionOf") and "#" in resource:
                terms[about.rpartition("#")[2]] = resource.rpartition("#")[2]
    found = {}
    for element in root.iter():
        key = element.get(f"{{{namespaces.NS_CMETA}}}id", element.get("id"))
        if key in terms and _split(element.tag)[1] == "variable" and element.getparent() is not None:
            found[terms[key]] = (_clean(element.getparent().get("name", "")), _clean(element.get("name", "")))
    return found


def _found(annotations: dict[str, tuple[str, str]], model: myokit.Model) -> Annotations:
    """Those annotations whose variable is one of the model, not a copy in another component."""
    names = {term: ".".join(parts) for term, parts in annotations.items()}
    return {term: name for term, name in names.items() if model.has_variable(name)}


def _smooth(root, namespace: str) -> None:
    """Drop what is no part of the equations (documentation, metadata, ids); names that Myokit refuses get an x_."""
    kept = (namespace, namespaces.NS_MATHML)
    for element in list(root.iter()):
        if _split(element.tag)[0] not in kept:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
            continue
        for key in list(element.attrib):
            inside, name = _split(key)
            if inside == namespaces.NS_CMETA:
                del element.attrib[key]
            elif name in _NAMES:
                value = element.get(key)
                element.set(key, value.strip() if _NUMBER.match(value) else _clean(value))
        if element.tag == f"{{{namespaces.NS_MATHML}}}ci" and element.text:
            element.text = _clean(element.text)


def _numbers_without_units(root, namespace: str) -> list[str]:
    """Numbers must have a unit in CellML; where they have none they count as they are."""
    bare = [cn for cn in root.iter(f"{{{namespaces.NS_MATHML}}}cn") if cn.get(f"{{{namespace}}}units") is None]
    for cn in bare:
        cn.set(f"{{{namespace}}}units", "dimensionless")
    return [f"{len(bare)} numbers in equations have no units, taken for dimensionless"] if bare else []


def _drop_lone_references(root, namespace: str) -> None:
    """An encapsulation of a component that encapsulates nothing says nothing, but is against the rules."""
    within = f"{{{namespace}}}"
    for group in [*root.findall(f"{within}group"), *root.findall(f"{within}encapsulation")]:
        references = group.findall(f"{within}component_ref")
        lone = [reference for reference in references if reference.find(f"{within}component_ref") is None]
        for reference in lone:
            group.remove(reference)
        if lone and len(lone) == len(references):
            root.remove(group)


def _start_time_at_zero(root) -> None:
    """A variable of integration may be given the initial value 0, where it starts anyway."""
    times_of = clocks(root)
    for component in root.findall("{*}component"):
        times = times_of.get(component.get("name", ""), set())
        for variable in component.findall("{*}variable"):
            value = variable.get("initial_value", "")
            if variable.get("name") in times and _NUMBER.match(value) and float(value) == 0:
                del variable.attrib["initial_value"]


def _clean(name: str) -> str:
    """A name that CellML 1.0 allows but Myokit does not (_x, in), changed; any other as it is."""
    name = name.strip()
    odd = re.fullmatch(r"\w+", name, re.ASCII) and (not _NAME.match(name) or name in myokit.KEYWORDS)
    return f"x_{name.lstrip('_')}" if odd else name
