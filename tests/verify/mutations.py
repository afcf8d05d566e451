"""Damaged copies of model files, the same for the same seed: what fuzz tests of importers read."""

import copy
import random
import re
from collections.abc import Callable

from lxml import etree

NUMBERS = ("1e999", "-1e999", "nan", "inf", "1e308", "1e-320", "0", "-0", "0x10", "1e", "--1", "9" * 400, "", "1.2.3")
WORDS = (
    '"); system("touch /tmp/x"); ("',
    "__import__('os')",
    "int",
    "NaN",
    "é\u202e\u0000",
    "../../etc/passwd",
    "V\n\nint main",
    "x" * 5000,
    "",
)
_NUMBER = re.compile(rb"(?<![\w.])\d+\.?\d*(?:[eE][-+]?\d+)?")
_TOKEN = re.compile(rb"<[^<>]*>|\w+|[^\w\s]")
_WORD = re.compile(rb"[A-Za-z_]\w+")


def mutated(content: bytes, seed: int) -> bytes:
    """The content with one to four damages; which ones, ``seed`` says. XML mostly stays well-formed."""
    dice = random.Random(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        root = _parsed(content) if dice.random() < 0.8 else None
        if root is None:
            content = dice.choice(MUTATORS)(content, dice)
        else:
            dice.choice(XML_MUTATORS)(root, dice)
            content = etree.tostring(root)
    return content


def _parsed(content: bytes):
    """The root element, or None for what is no XML."""
    try:
        return etree.fromstring(content, etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _some(root, dice: random.Random):
    """An element that is not the root, or the root of a lonely one."""
    return dice.choice(list(root.iter())[1:] or [root])


def _element_deleted(root, dice: random.Random) -> None:
    element = _some(root, dice)
    if element is not root:
        element.getparent().remove(element)


def _element_copied(root, dice: random.Random) -> None:
    element = _some(root, dice)
    target = _some(root, dice)
    target.insert(dice.randrange(len(target) + 1), copy.deepcopy(element))


def _elements_swapped(root, dice: random.Random) -> None:
    a, b = _some(root, dice), _some(root, dice)
    a.tag, b.tag = b.tag, a.tag


def _attributes_swapped(root, dice: random.Random) -> None:
    held = [(element, key) for element in root.iter() for key in element.attrib]
    if len(held) > 1:
        (a, i), (b, j) = dice.sample(held, 2)
        a.attrib[i], b.attrib[j] = b.attrib[j], a.attrib[i]


def _attribute_changed(root, dice: random.Random) -> None:
    held = [(element, key) for element in root.iter() for key in element.attrib]
    if held:
        element, key = dice.choice(held)
        if dice.random() < 0.3:
            del element.attrib[key]
        else:
            element.attrib[key] = _legal(dice.choice(NUMBERS + WORDS))


def _text_changed(root, dice: random.Random) -> None:
    held = [element for element in root.iter() if element.text and element.text.strip()]
    if held:
        words = [element.text for element in held] if dice.random() < 0.5 else NUMBERS + WORDS
        dice.choice(held).text = _legal(dice.choice(words))


def _legal(text: str) -> str:
    """Without what XML cannot hold."""
    return text.replace("\0", "")


def _flip(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(max(len(content), 1))
    return content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]


def _delete(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:start] + content[end:]


def _duplicate(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:end] + content[start:end] + content[end:]


def _move(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    rest = content[:start] + content[end:]
    at = dice.randrange(len(rest) + 1)
    return rest[:at] + content[start:end] + rest[at:]


def _truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _span(content: bytes, dice: random.Random) -> tuple[int, int]:
    start = dice.randrange(len(content) + 1)
    return start, min(len(content), start + dice.choice((1, 2, 8, 60, 400)))


def _tokens_swapped(content: bytes, dice: random.Random) -> bytes:
    found = list(_TOKEN.finditer(content))
    if len(found) < 2:
        return content
    a, b = sorted(dice.sample(found, 2), key=lambda m: m.start())
    return b"".join((content[: a.start()], b.group(), content[a.end() : b.start()], a.group(), content[b.end() :]))


def _line_deleted(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if lines:
        del lines[dice.randrange(len(lines))]
    return b"".join(lines)


def _lines_swapped(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if len(lines) > 1:
        a, b = dice.sample(range(len(lines)), 2)
        lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _replaced(pattern: re.Pattern, words: tuple[str, ...]) -> Callable[[bytes, random.Random], bytes]:
    def mutate(content: bytes, dice: random.Random) -> bytes:
        found = list(pattern.finditer(content))
        if not found:
            return content
        at = dice.choice(found)
        return content[: at.start()] + dice.choice(words).encode() + content[at.end() :]

    return mutate


def _word_for_word(content: bytes, dice: random.Random) -> bytes:
    """A word replaced by another of the same file: names that exist, in the wrong place."""
    found = list(_WORD.finditer(content))
    if not found:
        return content
    at, other = dice.choice(found), dice.choice(found)
    return content[: at.start()] + other.group() + content[at.end() :]


MUTATORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _delete,
    _duplicate,
    _move,
    _truncate,
    _tokens_swapped,
    _line_deleted,
    _lines_swapped,
    _replaced(_NUMBER, NUMBERS),
    _replaced(_WORD, WORDS),
    _word_for_word,
)

XML_MUTATORS = (
    _element_deleted,
    _element_copied,
    _elements_swapped,
    _attributes_swapped,
    _attribute_changed,
    _text_changed,
)
