"""From a parsed Myokit model to Equations: intermediate variables and constants inlined into the graph."""

import math
from collections.abc import Mapping, Sequence

import myokit

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations, Parameter
from hpc_twin.cellmodels.expressions.algebra import TRUTHS, add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
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
    """Converts one model; ``parameters`` replace constants, ``initial`` the initial values of states."""

    def __init__(
        self,
        model: myokit.Model,
        name: str,
        parameters: Mapping[str, float],
        initial: Mapping[str, float],
        varying: Sequence[str] = (),
    ) -> None:
        """Remember what to convert, nothing is computed."""
        self._varying, self._changed = tuple(varying), parameters
        self._model, self._name, self._initial = model, name, initial
        self._known: dict[str, Expr] = {key: num(value) for key, value in parameters.items()}
        self._known.update({key: var(key) for key in varying})
        self._stimulus = model.label("stimulus_current")

    def equations(self) -> Equations:
        """The Equations; raises Unsupported."""
        v = self._model.label("membrane_potential")
        others = [s for s in self._model.states() if s is not v]
        self._feed_stimulus(v)
        v_rate = self._rate(v)
        if self._stimulus is None:
            v_rate = add(v_rate, var(STIMULUS))
        return Equations(
            name=self._name,
            v=v.qname(),
            v_rate=v_rate,
            v_initial=self._start(v),
            states=tuple(s.qname() for s in others),
            rates=tuple(self._rate(s) for s in others),
            initial=tuple(self._start(s) for s in others),
            varying=self._varying,
            parameters=self._parameters(),
        )

    def _parameters(self) -> dict[str, Parameter]:
        """The constants that are numbers in the file, as changed."""
        found = {}
        for v in self._model.variables(const=True, deep=True):
            if v.is_literal() or v.qname() in self._changed or v.qname() in self._varying:
                value = self._changed.get(v.qname(), v.eval())
                found[v.qname()] = Parameter(float(value), "" if v.unit() is None else str(v.unit()))
        return found

    def _feed_stimulus(self, v: myokit.Variable) -> None:
        """Replace the labelled current i by stimulus/c with c = d(dV/dt)/di, so that dV/dt gains exactly stimulus."""
        if self._stimulus is None:
            return
        name = self._stimulus.qname()
        kept = dict(self._known)
        current = self._known[name] = var(name)
        try:
            weight = derivative(self._rate(v), current)
        except NoDerivative:
            weight = num(0)
        if weight.value in (None, 0):
            raise Unsupported(f"dV/dt is not linear in {name}, the variable with the label stimulus_current")
        self._known = {**kept, name: div(var(STIMULUS), weight)}

    def _start(self, state: myokit.Variable) -> float:
        value = float(self._initial.get(state.qname(), state.initial_value(as_float=True)))
        if not math.isfinite(value):
            raise Unsupported(f"the initial value of {state.qname()} is {value}, it must be finite")
        return value

    def _rate(self, state: myokit.Variable) -> Expr:
        return self._number(state.rhs())

    def _variable(self, variable: myokit.Variable) -> Expr:
        name = variable.qname()
        if name not in self._known:
            if variable.is_state():
                self._known[name] = var(name)
            elif variable.binding() == "time":
                self._known[name] = var(TIME)
            else:
                self._known[name] = self._number(variable.rhs())
        return self._known[name]

    def _number(self, source: myokit.Expression) -> Expr:
        """An expression where a number is wanted: a condition counts as 0 or 1."""
        node = self._any(source)
        return call("select", node, num(1), num(0)) if node.op in TRUTHS else node

    def _condition(self, source: myokit.Expression) -> Expr:
        node = self._any(source)
        return node if node.op in TRUTHS or node.op == "num" else call("ne", node, num(0))

    def _any(self, source: myokit.Expression) -> Expr:
        kind = type(source)
        if kind is myokit.Number:
            return num(source.eval())
        if kind is myokit.Name:
            return self._variable(source.var())
        if kind is myokit.Derivative:
            return self._rate(source.var())
        if kind in _OPERATIONS:
            want = self._condition if _OPERATIONS[kind] in ("and", "or", "not") else self._number
            return call(_OPERATIONS[kind], *(want(a) for a in source))
        return self._rewritten(source, kind)

    def _rewritten(self, source: myokit.Expression, kind: type) -> Expr:
        """The operations that are written with simpler ones."""
        if kind is myokit.PrefixPlus:
            return self._number(source[0])
        if kind is myokit.Log:
            parts = [call("log", self._number(a)) for a in source]
            return parts[0] if len(parts) == 1 else div(*parts)
        if kind in (myokit.Quotient, myokit.Remainder):
            x, y = (self._number(a) for a in source)
            whole = call("floor", div(x, y))
            return whole if kind is myokit.Quotient else sub(x, mul(whole, y))
        if kind is myokit.If:
            return call("select", self._condition(source[0]), self._number(source[1]), self._number(source[2]))
        if kind is myokit.Piecewise:
            return self._piecewise(source)
        raise Unsupported(f"cannot compile '{source.code()[:80]}' ({kind.__name__})")

    def _piecewise(self, source: myokit.Piecewise) -> Expr:
        *cases, result = source
        result = self._number(result)
        for condition, piece in reversed(list(zip(cases[::2], cases[1::2], strict=True))):
            result = call("select", self._condition(condition), self._number(piece), result)
        return result
