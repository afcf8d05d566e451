"""From libsbml's trees to expressions in the symbols of the file; function definitions are put in where called.

A variable of such an expression is the name of a symbol, ``time`` the file's time, ``rateOf(x)`` the rate of x.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import libsbml

from hpc_twin.cellmodels.equations import STIMULUS, TIME
from hpc_twin.cellmodels.expressions.ir import Expr, num, ordered, var
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.functions import LOGIC, NUMBERS, applied, number
from hpc_twin.parallel import nearest

LARGEST = 1_000_000  # operations that calls of functions may copy in all,
LARGEST_FUNCTION = 20_000  # and those of one function: nested calls can grow exponentially
_RESERVED = (TIME, STIMULUS, "dt")
_CONSTANTS = (libsbml.AST_CONSTANT_E, libsbml.AST_CONSTANT_PI, libsbml.AST_NAME_AVOGADRO)
_NUMBERS = (libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL, *_CONSTANTS)
_PREFIXES = {"logical_": LOGIC, "relational_": NUMBERS, "function_": NUMBERS, "": NUMBERS}
OPERATORS = {
    getattr(libsbml, f"AST_{prefix}{name}".upper()): name
    for prefix, names in _PREFIXES.items()
    for name in (*names, "piecewise")
    if hasattr(libsbml, f"AST_{prefix}{name}".upper())
}


@dataclass(frozen=True)
class Function:
    """A function definition: its value as an expression in its arguments."""

    arguments: tuple[str, ...]
    body: Expr


def symbol(name: str) -> str:
    """The name of a symbol: its id, with an underscore where that means something else in an expression."""
    return name + "_" if name in _RESERVED else name


def rate_of(name: str) -> str:
    """The name of the rate of change of a symbol."""
    return f"rateOf({name})"


def replaced(output: Expr, values: Mapping[str, Expr]) -> Expr:
    """``output`` with variables replaced by name."""
    return substituted([output], {var(name): value for name, value in values.items()})[0]


class Formulas:
    """Converts formulas of one model, whose function definitions it knows."""

    def __init__(self, definitions: Iterable[libsbml.FunctionDefinition] = ()) -> None:
        """Convert the function definitions, called ones first. Raises Unsupported."""
        self.functions: dict[str, Function] = {}
        self._copied = 0
        trees = {d.getId(): d.getMath() for d in definitions}
        calls = {name: _called(tree) & set(trees) for name, tree in trees.items()}
        try:
            order = list(TopologicalSorter(calls).static_order())
        except CycleError as error:
            raise Unsupported(f"the functions {' -> '.join(error.args[1])} call each other in a circle") from None
        for name in order:
            if trees[name] is not None:
                self.functions[name] = self._function(name, trees[name])

    def expression(self, tree: libsbml.ASTNode, where: str) -> Expr:
        """One formula, a truth or a number; ``where`` names its place in messages. Raises Unsupported."""
        done: list[Expr] = []
        for node, n in _operands_first(tree):
            operands = done[len(done) - n :]
            del done[len(done) - n :]
            done.append(self._node(node, operands, where))
        return done[0]

    def _node(self, node: libsbml.ASTNode, operands: list[Expr], where: str) -> Expr:
        kind, name = node.getType(), node.getName() or ""
        if kind in _NUMBERS:
            return num(node.getValue())
        if kind in (libsbml.AST_CONSTANT_TRUE, libsbml.AST_CONSTANT_FALSE):
            return num(kind == libsbml.AST_CONSTANT_TRUE)
        if kind == libsbml.AST_NAME_TIME:
            return var(TIME)
        if kind == libsbml.AST_NAME:
            return var(symbol(name))
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return _rate(node, where)
        if kind == libsbml.AST_FUNCTION:
            return self._call(name, operands, where)
        if kind not in OPERATORS:
            word = (
                "delay"
                if kind == libsbml.AST_FUNCTION_DELAY
                else name or node.getOperatorName() or "an unknown element"
            )
            raise Unsupported(f"{where} uses '{word}', which is not supported")
        result = applied(OPERATORS[kind], operands)
        if result is None:
            raise Unsupported(f"{where}: '{OPERATORS[kind]}' does not take {len(operands)} operands")
        return result

    def _call(self, name: str, operands: list[Expr], where: str) -> Expr:
        if name not in self.functions:
            raise Unsupported(f"{where} calls '{name}', which has no definition{nearest(name, self.functions)}")
        function = self.functions[name]
        if len(operands) != len(function.arguments):
            raise Unsupported(f"{where}: '{name}' takes {len(function.arguments)} arguments, found {len(operands)}")
        size = len(ordered([function.body]))
        self._copied += size
        if size > LARGEST_FUNCTION or self._copied > LARGEST:
            raise Unsupported(f"{where}: the function '{name}' has too many operations in it, {size} at this call")
        values = dict(zip(function.arguments, map(number, operands), strict=True))
        rates = {rate_of(name): _rate_of(value) for name, value in values.items()}
        return replaced(function.body, values | {name: rate for name, rate in rates.items() if rate is not None})

    def _function(self, name: str, tree: libsbml.ASTNode) -> Function:
        where = f"function {name}"
        n = tree.getNumChildren()
        if tree.getType() != libsbml.AST_LAMBDA or n == 0:
            raise Unsupported(f"{where} is no lambda")
        arguments = tuple(symbol(tree.getChild(k).getName() or "") for k in range(n - 1))
        body = self.expression(tree.getChild(n - 1), where)
        for x in ordered([body]):
            if x.op == "var" and x.args[0] not in (*arguments, *map(rate_of, arguments), TIME):
                raise Unsupported(f"{where} uses '{x.args[0]}', which is none of its arguments")
        return Function(arguments, body)


def _operands_first(tree: libsbml.ASTNode) -> Iterator[tuple[libsbml.ASTNode, int]]:
    """Yield (node, its number of operands), those after their operands, without recursion."""
    work = [(tree, False)]
    while work:
        node, opened = work.pop()
        n = 0 if node.getType() == libsbml.AST_FUNCTION_RATE_OF else node.getNumChildren()
        if opened or not n:
            yield node, n
        else:
            work.append((node, True))
            work.extend((node.getChild(k), False) for k in reversed(range(n)))


def _rate(node: libsbml.ASTNode, where: str) -> Expr:
    child = node.getChild(0) if node.getNumChildren() == 1 else None
    if child is None or child.getType() != libsbml.AST_NAME:
        raise Unsupported(f"{where}: 'rateOf' takes one symbol")
    return var(rate_of(symbol(child.getName())))


def _rate_of(value: Expr) -> Expr | None:
    """The rate of a function's argument, None where that is a formula."""
    if value.op == "num":
        return num(0)
    return var(rate_of(value.args[0])) if value.op == "var" else None


def _called(tree: libsbml.ASTNode | None) -> set[str]:
    nodes = () if tree is None else _operands_first(tree)
    return {node.getName() or "" for node, _ in nodes if node.getType() == libsbml.AST_FUNCTION}
