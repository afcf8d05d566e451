"""From expressions to lines of C, each node once."""

from hpc_twin.cellmodels.expressions.algebra import TRUTHS
from hpc_twin.cellmodels.expressions.ir import Expr, ordered

_PATTERNS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "lt": "{} < {}",
    "le": "{} <= {}",
    "gt": "{} > {}",
    "ge": "{} >= {}",
    "eq": "{} == {}",
    "ne": "{} != {}",
    "and": "{} & {}",
    "or": "{} | {}",
    "not": "!{}",
    "select": "{} ? {} : {}",
    "log10": "0.4342944819032518 * twin_log({})",
    "abs": "fabs({})",
    **{name: f"twin_{name}({{}})" for name in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan")},
    "pow": "twin_pow({}, {})",
}


class Writer:
    """Writes each node once; what no state, V or stimulus enters goes before the loop over cells."""

    def __init__(self, names: dict[str, str], needs: dict[Expr, frozenset[str]]) -> None:
        self._names, self._needs = names, needs
        self._written: dict[Expr, str] = {}

    def write(self, output: Expr, hoisted: list[str], body: list[str]) -> None:
        """Append the lines that ``output`` needs and that are not there yet."""
        for node in ordered([output]):
            if node.operands and node not in self._written:
                name = f"x{len(self._written)}"
                kind = "_Bool" if node.op in TRUTHS else "double"
                line = f"const {kind} {name} = {self._operation(node)};"
                (hoisted if self._needs[node] <= {"time", "dt"} else body).append(line)
                self._written[node] = name

    def text(self, node: Expr) -> str:
        """How C names the value of a leaf or of a node that is written."""
        if node.op == "num":
            return _number(node.args[0])
        return self._names[node.args[0]] if node.op == "var" else self._written[node]

    def _operation(self, node: Expr) -> str:
        pattern = _PATTERNS.get(node.op) or node.op + "(" + ", ".join(["{}"] * len(node.args)) + ")"
        return pattern.format(*(self.text(a) for a in node.args))


def _number(value: float) -> str:
    if value != value:
        return '__builtin_nan("")'
    if value in (float("inf"), float("-inf")):
        return "__builtin_inf()" if value > 0 else "(-__builtin_inf())"
    return repr(value) if value >= 0 else f"({value!r})"
