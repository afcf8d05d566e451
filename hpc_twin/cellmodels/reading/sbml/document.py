"""From a file to libsbml's model: guarded, and refused with one word where it needs what cannot be computed.

libsbml ends the process on some documents (an unknown combination of level and namespace, packages at wrong places),
so it is given the core alone: SBML's own elements and MathML, without notes, annotations and packages.
"""

from pathlib import Path

import libsbml
from lxml import etree

from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.documents import open_document
from hpc_twin.cellmodels.reading.xmlguard import parse_xml

DEEPEST = 1000  # nested elements; sums are often written with two terms each, and libsbml's recursion bears 5000
MATHML = "http://www.w3.org/1998/Math/MathML"
_SBML = "http://www.sbml.org/sbml/level"
_NAMESPACES = {
    **{("1", version): f"{_SBML}1" for version in ("1", "2")},
    ("2", "1"): f"{_SBML}2",
    **{("2", version): f"{_SBML}2/version{version}" for version in ("2", "3", "4", "5")},
    **{("3", version): f"{_SBML}3/version{version}/core" for version in ("1", "2")},
}
_SAID_ELSEWHERE = ("notes", "annotation")
_HARMLESS = ("sbo", "metaid", "unit")  # what errors of a usable file are about
_KNOWN_PACKAGES = ("l3v2extendedmath",)  # operators of level 3 version 2 in version 1


def opened(path: Path) -> libsbml.SBMLDocument:
    """The document with a model in it. Raises InputError (the guard's) and Unsupported."""
    root = parse_xml(open_document(path).content, path, DEEPEST)
    _check_packages(root)
    document = libsbml.readSBMLFromString(_core(root))
    for k in range(document.getNumErrors()):
        error = document.getError(k)
        words = (error.getShortMessage() + error.getCategoryAsString()).lower()
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR and not any(word in words for word in _HARMLESS):
            text = " ".join((error.getMessage() or error.getShortMessage()).split())
            raise Unsupported(f"no valid SBML: {text[:300]}")
    model = document.getModel()
    if model is None:
        raise Unsupported("holds no <model>")
    if model.getNumEvents():
        said = ", ".join(e.getId() or e.getName() or "without a name" for e in list(model.getListOfEvents())[:5])
        raise Unsupported(f"has events ({model.getNumEvents()}: {said}), which are not supported")
    return document


def _check_packages(root) -> None:
    """Packages of level 3 that change the mathematics are not read."""
    for key, value in root.attrib.items():
        name = etree.QName(key)
        package = (name.namespace or "").removeprefix(_SBML).split("/")[2:3]
        if name.localname == "required" and value.strip() in ("true", "1") and package[:1] != list(_KNOWN_PACKAGES):
            raise Unsupported(f"needs the SBML package '{(package or [name.namespace])[0]}', which is not supported")


def _core(root) -> str:
    """The core of the document as text. Raises Unsupported for what is no SBML of a known level."""
    level, version = root.get("level", ""), root.get("version", "")
    namespace = _NAMESPACES.get((level, version))
    name = etree.QName(root)
    if namespace is None or (name.namespace, name.localname) != (namespace, "sbml"):
        raise Unsupported(
            f"no SBML of a known level: <{name.localname}> of '{name.namespace}', level '{level}' version '{version}' "
            "(known: levels 1 to 3, each with its own namespace)"
        )
    for element in list(root.iter()):
        name = etree.QName(element)
        if name.namespace not in (namespace, MATHML) or name.localname in _SAID_ELSEWHERE:
            _removed(element)
        else:
            for key in [key for key in element.attrib if key.startswith("{")]:
                del element.attrib[key]
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _removed(element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
