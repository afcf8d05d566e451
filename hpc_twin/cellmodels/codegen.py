"""From the step of one cell (expressions) to C text: one vectorised loop over cells, structure of arrays.

Names of the model never enter the text: the states are s0, s1, ..., all else x0, x1, ...
"""

from collections.abc import Sequence

from hpc_twin.cellmodels.algebra import TRUTHS
from hpc_twin.cellmodels.ir import Expr, depends, ordered
from hpc_twin.cellmodels.prelude import PRELUDE

TILE = 256  # cells whose states stay in the cache over the substeps

_INFIX = {
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
    "exp": "twin_exp({})",
    "log": "twin_log({})",
    "abs": "fabs({})",
}

_SHELL = """\
{prelude}
#define TILE {tile}
static const double no_stimulus[TILE];

void advance(long n, long stride, double t, double dt, long substeps, double *V, double *states, const double *stimulus)
{{
  const double step = dt / (double)substeps;
  for (long start = 0; start < n; start += TILE) {{
    const long count = n - start < TILE ? n - start : TILE;
    const double *restrict i_stim = stimulus ? stimulus + start : no_stimulus;
    double *restrict v = V + start;
{pointers}
    for (long k = 0; k < substeps; k++) {{
      const double now = t + (double)k * step;
      (void)now;
{hoisted}
      #pragma omp simd
      for (long i = 0; i < count; i++) {{
{body}
      }}
    }}
  }}
}}
"""


def generate(v: str, v_new: Expr, states: Sequence[str], new: Sequence[Expr]) -> str:
    """C text of ``advance``, which takes n cells over dt in ``substeps`` equal steps.

    ``v_new`` and ``new`` are the values after a step ``dt`` in terms of the variables ``v``, ``states``, ``time``,
    ``dt`` and ``stimulus``. V and stimulus have shape (n,), states (n_states, n) with rows ``stride`` doubles apart;
    a stimulus of NULL is none.
    """
    names = {"time": "now", "dt": "step", "stimulus": "stim", v: "u"}
    names.update({state: f"u{k}" for k, state in enumerate(states)})
    writer = _Writer(names, depends([v_new, *new]))
    hoisted: list[str] = []
    body = ["const double u = v[i], stim = i_stim[i];"]
    body += [f"const double u{k} = s{k}[i];" for k in range(len(states))]
    for k, update in enumerate(new):
        writer.write(update, hoisted, body)
        body.append(f"s{k}[i] = {writer.text(update)};")
    writer.write(v_new, hoisted, body)
    body.append(f"v[i] = {writer.text(v_new)};")
    pointers = [f"double *restrict s{k} = states + {k} * stride + start;" for k in range(len(states))]
    indent = ((pointers, 4), (hoisted, 6), (body, 8))
    texts = ["\n".join(" " * width + line for line in lines) for lines, width in indent]
    return _SHELL.format(prelude=PRELUDE, tile=TILE, pointers=texts[0], hoisted=texts[1], body=texts[2])


class _Writer:
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
        pattern = _INFIX.get(node.op) or node.op + "(" + ", ".join(["{}"] * len(node.args)) + ")"
        return pattern.format(*(self.text(a) for a in node.args))


def _number(value: float) -> str:
    if value != value:
        return '__builtin_nan("")'
    if value in (float("inf"), float("-inf")):
        return "__builtin_inf()" if value > 0 else "(-__builtin_inf())"
    return repr(value) if value >= 0 else f"({value!r})"
