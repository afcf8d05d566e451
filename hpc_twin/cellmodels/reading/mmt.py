"""Myokit's .mmt: the model and its [[protocol]]; a [[script]] is text that nobody runs."""

import re
from pathlib import Path

import myokit

from hpc_twin.parallel import InputError

MOST_EQUATIONS = 5000  # Myokit takes time with their square; the largest published cell model has 1000
LONGEST_LINE = 50_000  # characters
LONGEST_NAME = 256  # characters; to suggest a name, Myokit takes time with the product of the lengths of two
_LONG_NAME = re.compile(rf"\w{{{LONGEST_NAME + 1}}}")
_EQUATION = re.compile(r"^[^\[\]#\n]*=", re.MULTILINE)


def read_mmt(text: str, path: Path) -> tuple[myokit.Model, myokit.Protocol | None]:
    """The model and the protocol. Raises InputError, myokit.ParseError."""
    longest = max(map(len, text.splitlines()), default=0)
    if longest > LONGEST_LINE:
        raise InputError(f"{path}: a line has {longest} characters, at most {LONGEST_LINE} are read")
    if found := _LONG_NAME.search(text):
        raise InputError(f"{path}: the name '{found.group()[:40]}...' has more than {LONGEST_NAME} characters")
    count = sum(1 for _ in _EQUATION.finditer(text))
    if count > MOST_EQUATIONS:
        raise InputError(f"{path}: has {count} equations, at most {MOST_EQUATIONS} are read")
    model, protocol, _ = myokit.parse(text)
    if model is None:
        raise InputError(f"{path}: holds no [[model]] section")
    model.validate()
    return model, protocol
