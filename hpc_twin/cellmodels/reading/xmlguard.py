"""XML of strangers: what could read files, reach the network or eat the memory is refused before it is parsed."""

from pathlib import Path
from xml.parsers import expat

from lxml import etree

from hpc_twin.parallel import InputError

DEEPEST = 200  # nested elements; published models have 40
MOST_ELEMENTS = 500_000  # the largest published model has 60 000


def parse_xml(content: bytes, path: Path, deepest: int = DEEPEST):
    """The root element (lxml, without comments and processing instructions).

    Raises InputError for what is no well-formed XML and for a document type declaration, which alone can define
    entities (files, addresses, expansion without end), and for too many or too deeply nested elements.
    """
    guard(content, path, deepest)
    parser = etree.XMLParser(  # the guard bounds what a huge tree may be
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(f"{path}: not well-formed XML ({error})") from None


def guard(content: bytes, path: Path, deepest: int = DEEPEST) -> None:
    """Read through the document once, without building it; raises InputError as ``parse_xml``."""
    parser, watch = expat.ParserCreate(), _Watch(path, deepest)
    parser.StartDoctypeDeclHandler = watch.doctype
    parser.StartElementHandler = watch.start
    parser.EndElementHandler = watch.end
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise InputError(f"{path}: not well-formed XML ({error})") from None


class _Watch:
    """Counts the elements of a document."""

    def __init__(self, path: Path, deepest: int) -> None:
        self._path, self._deepest, self._depth, self._count = path, deepest, 0, 0

    def doctype(self, *_) -> None:
        raise InputError(f"{self._path}: has a document type declaration (<!DOCTYPE ...>): models need none, remove it")

    def start(self, *_) -> None:
        self._depth, self._count = self._depth + 1, self._count + 1
        if self._depth > self._deepest:
            raise InputError(
                f"{self._path}: its elements are nested more than {self._deepest} deep, this is no cell model"
            )
        if self._count > MOST_ELEMENTS:
            raise InputError(f"{self._path}: has more than {MOST_ELEMENTS} elements, this is no cell model")

    def end(self, *_) -> None:
        self._depth -= 1
