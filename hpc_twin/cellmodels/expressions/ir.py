"""Expressions of a cell model as a frozen, hash-consed graph: equal expressions are one object.

Common subexpressions are therefore shared by construction, equality is identity, and a pass is a loop over
``ordered(outputs)`` without recursion. Operations: ``num`` and ``var`` (leaves), ``add sub mul div neg pow``,
functions of one argument (``sqrt exp log ...``), comparisons, ``and or not``, and ``select(condition, yes, no)``.
"""

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

_interned: "weakref.WeakValueDictionary[tuple, Expr]" = weakref.WeakValueDictionary()

EVALUATE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "neg": np.negative,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "floor": np.floor,
    "ceil": np.ceil,
    "abs": np.abs,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "select": np.where,
}


class Expr:
    """A node: its operation and its arguments (Expr, or the number or name of a leaf). Made by num, var and call."""

    __slots__ = ("__weakref__", "args", "op")
    op: str
    args: tuple[Any, ...]

    def __new__(cls, op: str, args: tuple) -> "Expr":
        """Return the one node with this operation and these arguments."""
        key = (op, args[0].hex()) if op == "num" else (op, *args)
        found = _interned.get(key)
        if found is None:
            found = super().__new__(cls)
            object.__setattr__(found, "op", op)
            object.__setattr__(found, "args", args)
            _interned[key] = found
        return found

    def __setattr__(self, name, value):
        raise AttributeError("an expression is frozen")

    @property
    def operands(self) -> "tuple[Expr, ...]":
        """The arguments that are expressions: none for a leaf."""
        return () if self.op in ("num", "var") else self.args

    @property
    def value(self) -> float | None:
        """The number of a ``num``, None for all others."""
        return self.args[0] if self.op == "num" else None


def num(value: float) -> Expr:
    """A number."""
    return Expr("num", (float(value),))


def var(name: str) -> Expr:
    """A variable: a state by its name, or ``time``, ``dt``, ``stimulus``."""
    return Expr("var", (name,))


def ordered(outputs: Iterable[Expr]) -> list[Expr]:
    """Every node that ``outputs`` need, once, operands before those who use them."""
    done: dict[Expr, None] = {}
    stack = list(outputs)[::-1]
    while stack:
        node = stack[-1]
        waiting = [a for a in node.operands if a not in done]
        if waiting and node not in done:
            stack.extend(reversed(waiting))
        else:
            done.setdefault(stack.pop())
    return list(done)


def depends(outputs: Iterable[Expr]) -> dict[Expr, frozenset[str]]:
    """The names of the variables that each node needs."""
    found: dict[Expr, frozenset[str]] = {}
    for node in ordered(outputs):
        names = frozenset([node.args[0]]) if node.op == "var" else frozenset()
        found[node] = names.union(*(found[a] for a in node.operands))
    return found


def evaluate(outputs: Iterable[Expr], values: dict) -> list:
    """Values of ``outputs`` by numpy, for the variables in ``values`` (name -> number or array)."""
    outputs = list(outputs)
    results: dict[Expr, Any] = {}
    with np.errstate(all="ignore"):
        for node in ordered(outputs):
            if node.op == "num":
                results[node] = np.float64(node.args[0])
            elif node.op == "var":
                results[node] = np.asarray(values[node.args[0]], dtype=float)
            else:
                results[node] = EVALUATE[node.op](*(results[a] for a in node.operands))
    return [results[node] for node in outputs]
