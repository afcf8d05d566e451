"""From the step of one cell (expressions) to C text: one vectorised loop over cells, structure of arrays.

Names of the model never enter the text: the states are s0, s1, ..., all else x0, x1, ...
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.cellmodels.expressions.algebra import TRUTHS
from hpc_twin.cellmodels.expressions.ir import Expr, depends, ordered
from hpc_twin.cellmodels.kernels.prelude import PRELUDE

TILE = 256  # cells whose states stay in the cache over the substeps

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

_HEAD = """\
{prelude}
#define TILE {tile}
static const double no_stimulus[TILE];

void {function}(long n, long stride, double t, {more}double *V, double *states, const double *stimulus,
             const double *parameters, long parameter_stride)
{{
  (void)t, (void)V, (void)states, (void)stride, (void)parameters, (void)parameter_stride;
{spread}
  for (long start = 0; start < n; start += TILE) {{
    const long count = n - start < TILE ? n - start : TILE;
    const double *restrict i_stim = stimulus ? stimulus + start : no_stimulus;
    (void)i_stim;
{pointers}
"""
_ADVANCE = """\
    const double step = dt / (double)substeps;
    for (long k = 0; k < substeps; k++) {{
      const double now = t + (double)k * step;
      (void)now;
{hoisted}
      #pragma omp simd
      for (long i = 0; i < count; i++) {{
{body}
      }}
    }}
{packed}  }}
}}
"""
_PAIRS = """\
for (long k = 0; k < {pairs}; k++) {{
  {const}float *restrict pair = ({const}float *)(states + ({doubles} + k) * stride + start);
  #pragma omp simd
  for (long i = 0; i < count; i++) {moved}
}}"""
_UNPACKED = "held[2 * k][i] = pair[2 * i], held[2 * k + 1][i] = pair[2 * i + 1];"
_PACKED = "pair[2 * i] = (float)held[2 * k][i], pair[2 * i + 1] = (float)held[2 * k + 1][i];"
_EVALUATE = """\
    const double now = t;
    (void)now;
{hoisted}
    #pragma omp simd
    for (long i = 0; i < count; i++) {{
{body}
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Layout:
    """The arrays of a kernel: V (its variable's name, or None), the rows of ``states`` and of ``parameters``."""

    v: str | None
    states: tuple[str, ...]
    varying: tuple[str, ...] = ()
    floats: tuple[int, ...] = ()  # states that are floats: see storage.py


def generate(layout: Layout, v_new: Expr | None, new: Sequence[Expr]) -> str:
    """C text of ``advance``, which takes n cells over dt in ``substeps`` equal steps.

    ``v_new`` and ``new`` are the values after a step ``dt`` in terms of the variables of the layout, ``time``, ``dt``
    and ``stimulus``. V and stimulus have shape (n,), states (n_rows, n) with rows ``stride`` doubles apart;
    a stimulus of NULL is none. parameters has shape (n_varying, n) with rows ``parameter_stride`` apart, or
    (n_varying,) with a stride of 0: then all cells have the same.
    """
    writer, hoisted, body = _opened(layout, [*new, *([] if v_new is None else [v_new])])
    for k, update in enumerate(new):
        writer.write(update, hoisted, body)
        body.append(f"s{k}[i] = {writer.text(update)};")
    if v_new is not None:
        writer.write(v_new, hoisted, body)
        body.append(f"v[i] = {writer.text(v_new)};")
    head = _head(layout, "advance", "double dt, long substeps, ", [])
    packed = "".join(f"    {line}\n" for line in _pairs(layout, "", _PACKED))
    return head + _ADVANCE.format(hoisted=_indented(hoisted, 6), body=_indented(body, 8), packed=packed)


def generate_evaluation(layout: Layout, outputs: Sequence[Expr]) -> str:
    """C text of ``evaluate``, which writes the values of ``outputs`` to the rows of out, ``out_stride`` apart."""
    writer, hoisted, body = _opened(layout, outputs)
    for k, output in enumerate(outputs):
        writer.write(output, hoisted, body)
        body.append(f"o{k}[i] = {writer.text(output)};")
    rows = [f"double *restrict o{k} = out + {k} * out_stride + start;" for k in range(len(outputs))]
    head = _head(layout, "evaluate", "double *out, long out_stride, ", rows)
    return head + _EVALUATE.format(hoisted=_indented(hoisted, 4), body=_indented(body, 6))


def _opened(layout: Layout, outputs: Sequence[Expr]) -> "tuple[_Writer, list[str], list[str]]":
    """The writer, the lines before the loop and those that open it."""
    names = {"time": "now", "dt": "step", "stimulus": "stim"}
    body = ["const double stim = i_stim[i];", "(void)stim;"]
    if layout.v is not None:
        names[layout.v] = "u"
        body.append("const double u = v[i];")
    for kind, array, rows in (("u", "s", layout.states), ("p", "q", layout.varying)):
        names.update({name: f"{kind}{k}" for k, name in enumerate(rows)})
        body += [f"const double {kind}{k} = {array}{k}[i];" for k in range(len(rows))]
    return _Writer(names, depends(outputs)), [], body


def _head(layout: Layout, function: str, more: str, rows: list[str]) -> str:
    pointers = ["double *restrict v = V + start;"] if layout.v is not None else []
    doubles = [k for k in range(len(layout.states)) if k not in layout.floats]
    pointers += [f"double *restrict s{k} = states + {row} * stride + start;" for row, k in enumerate(doubles)]
    pointers += [f"double *s{k} = held[{j}];" for j, k in enumerate(layout.floats)]
    pointers += _pairs(layout, "const ", _UNPACKED)
    spread = []
    if layout.floats:  # rows not whole pages apart
        spread.append(f"double held[{len(layout.floats) + len(layout.floats) % 2}][TILE + 8];")
    if layout.varying:
        spread += [
            f"double all[{len(layout.varying)}][TILE];  /* parameters that all cells share are spread over a tile */",
            f"if (!parameter_stride) for (long k = 0; k < {len(layout.varying)}; k++)",
            "  for (long i = 0; i < TILE; i++) all[k][i] = parameters[k];",
        ]
    for k in range(len(layout.varying)):
        pointers.append(
            f"const double *restrict q{k} = parameter_stride ? parameters + {k} * parameter_stride + start : all[{k}];"
        )
    texts = {"spread": _indented(spread, 2), "pointers": _indented([*pointers, *rows], 4)}
    return _HEAD.format(prelude=PRELUDE, tile=TILE, function=function, more=more, **texts)


def _pairs(layout: Layout, const: str, moved: str) -> list[str]:
    """The loop that unpacks the floats of a tile, or packs them again."""
    if not layout.floats:
        return []
    doubles, pairs = len(layout.states) - len(layout.floats), (len(layout.floats) + 1) // 2
    return _PAIRS.format(const=const, doubles=doubles, pairs=pairs, moved=moved).splitlines()


def _indented(lines: list[str], width: int) -> str:
    return "\n".join(" " * width + line for line in lines)


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
        pattern = _PATTERNS.get(node.op) or node.op + "(" + ", ".join(["{}"] * len(node.args)) + ")"
        return pattern.format(*(self.text(a) for a in node.args))


def _number(value: float) -> str:
    if value != value:
        return '__builtin_nan("")'
    if value in (float("inf"), float("-inf")):
        return "__builtin_inf()" if value > 0 else "(-__builtin_inf())"
    return repr(value) if value >= 0 else f"({value!r})"
