"""From Myokit's expressions to the graph: variables and constants inlined, whatever cannot be computed is refused."""

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import myokit

from hpc_twin.cellmodels.expressions.algebra import TRUTHS, call, div, mul, sub
from hpc_twin.cellmodels.expressions.ir import Expr, num, var

_OPERATIONS = {
    myokit.Plus: "add",
    myokit.Minus: "sub",
    myokit.Multiply: "mul",
    myokit.Divide: "div",
    myokit.Power: "pow",
    myokit.PrefixMinus: "neg",
    myokit.Sqrt: "sqrt",
    myokit.Exp: "exp",
    myokit.Log10: "log10",
    myokit.Sin: "sin",
    myokit.Cos: "cos",
    myokit.Tan: "tan",
    myokit.ASin: "asin",
    myokit.ACos: "acos",
    myokit.ATan: "atan",
    myokit.Floor: "floor",
    myokit.Ceil: "ceil",
    myokit.Abs: "abs",
    myokit.Less: "lt",
    myokit.LessEqual: "le",
    myokit.More: "gt",
    myokit.MoreEqual: "ge",
    myokit.Equal: "eq",
    myokit.NotEqual: "ne",
    myokit.And: "and",
    myokit.Or: "or",
    myokit.Not: "not",
}


class Unsupported(Exception):  # noqa: N818 (the message is all that its catcher needs)
    """The model uses what cannot be compiled; the message says what and where."""


class Converter:
    """All variables of one model as expressions: ``values``, and ``rates`` of states, by qualified name.

    Those in ``given`` are taken as they are there. Those in ``opaque`` stay variables of the expressions, what they
    stand for is in ``own``, in an order in which each needs only earlier ones.
    """

    def __init__(self, model: myokit.Model, given: Mapping[str, Expr], opaque: Collection[str]) -> None:
        """Convert everything, in the order in which it is needed; raises Unsupported."""
        self.values = {**given, **{name: var(name) for name in opaque}}
        self.rates: dict[str, Expr] = {}
        self.own: dict[str, Expr] = {}
        for lhs in _sorted(_needs(model, given)):
            name = lhs.var().qname()
            if lhs.is_derivative():
                self.rates[name] = self._converted(lhs.var())
            elif name in opaque:
                self.own[name] = self._converted(lhs.var())
            elif name not in self.values:
                self.values[name] = self._converted(lhs.var())

    def number(self, source: myokit.Expression) -> Expr:
        """An expression where a number is wanted: a condition counts as 0 or 1."""
        node = self._any(source)
        return call("select", node, num(1), num(0)) if node.op in TRUTHS else node

    def _converted(self, variable: myokit.Variable) -> Expr:
        try:
            return self.number(variable.rhs())
        except Unsupported as error:
            raise Unsupported(f"{variable.qname()}: {error}") from None
        except RecursionError:
            raise Unsupported(f"{variable.qname()}: its expression is nested too deeply to be read") from None

    def _condition(self, source: myokit.Expression) -> Expr:
        node = self._any(source)
        return node if node.op in TRUTHS or node.op == "num" else call("ne", node, num(0))

    def _any(self, source: myokit.Expression) -> Expr:
        kind = type(source)
        if kind is myokit.Number:
            return num(source.eval())
        if kind is myokit.Name:
            return self.values[source.var().qname()]
        if kind is myokit.Derivative:
            return self.rates[source.var().qname()]
        if kind is myokit.InitialValue:
            return self.number(source.var().initial_value())
        if kind in _OPERATIONS:
            want = self._condition if _OPERATIONS[kind] in ("and", "or", "not") else self.number
            return call(_OPERATIONS[kind], *(want(a) for a in source))
        return self._rewritten(source, kind)

    def _rewritten(self, source: myokit.Expression, kind: type) -> Expr:
        """The operations that are written with simpler ones."""
        if kind is myokit.PrefixPlus:
            return self.number(source[0])
        if kind is myokit.Log:
            parts = [call("log", self.number(a)) for a in source]
            return parts[0] if len(parts) == 1 else div(*parts)
        if kind in (myokit.Quotient, myokit.Remainder):
            x, y = (self.number(a) for a in source)
            whole = call("floor", div(x, y))
            return whole if kind is myokit.Quotient else sub(x, mul(whole, y))
        if kind is myokit.If:
            return call("select", self._condition(source[0]), self.number(source[1]), self.number(source[2]))
        if kind is myokit.Piecewise:
            return self._piecewise(source)
        raise Unsupported(f"cannot compile '{source.code()[:80]}' ({kind.__name__})")

    def _piecewise(self, source: myokit.Piecewise) -> Expr:
        *cases, result = source
        result = self.number(result)
        for condition, piece in reversed(list(zip(cases[::2], cases[1::2], strict=True))):
            result = call("select", self._condition(condition), self.number(piece), result)
        return result


def _needs(model: myokit.Model, given: Mapping[str, Expr]) -> dict[myokit.LhsExpression, Iterable]:
    """What each variable's expression refers to; a variable that is given needs nothing."""
    needs: dict[myokit.LhsExpression, Iterable] = {}
    for variable in model.variables(deep=True):
        if variable.rhs() is None:
            raise Unsupported(f"{variable.qname()} has no value")
        if variable.is_state() or variable.qname() not in given:
            needs[variable.lhs()] = [lhs for lhs in variable.rhs().references() if _computed(lhs, given)]
    return needs


def _sorted(needs: dict[myokit.LhsExpression, Iterable]) -> list[myokit.LhsExpression]:
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " needs ".join(lhs.var().qname() for lhs in error.args[1][:6])
        raise Unsupported(f"equations go in a circle: {circle}") from None


def _computed(lhs: myokit.LhsExpression, given: Mapping[str, Expr]) -> bool:
    return lhs.is_derivative() or lhs.var().qname() not in given
