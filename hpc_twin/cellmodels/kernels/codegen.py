"""From the step of one cell (expressions) to C text: one vectorised loop over cells, structure of arrays.

Names of the model never enter the text: the states are s0, s1, ..., all else x0, x1, ...
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.cellmodels.expressions.ir import Expr, depends
from hpc_twin.cellmodels.expressions.tables import column
from hpc_twin.cellmodels.kernels import tables
from hpc_twin.cellmodels.kernels.prelude import PRELUDE
from hpc_twin.cellmodels.kernels.writer import Writer

TILE = 256  # cells whose states stay in the cache over the substeps

_HEAD = """\
{prelude}
#define TILE {tile}
{functions}static const double no_stimulus[TILE];

void {function}(long n, long stride, double t, {more}double *V, double *states, const double *stimulus,
             const double *parameters, long parameter_stride{last})
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
{loop}
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
_LOOP = """\
{hoisted}
      #pragma omp simd
      for (long i = 0; i < count; i++) {{
{body}
      }}"""
_CHOICE = """\
      if (twin_within(count, v, table)) {{
        double columns[8 * GROUPS][TILE + 8] __attribute__((aligned(64)));
        twin_interpolate(count, v, table, columns);
{tabulated}
      }} else {{
{exact}
      }}"""
_COLUMNS = """
const long n_columns = {n};

void columns(long n, double step, const double *restrict V, double *restrict out)
{{
{hoisted}
  #pragma omp simd
  for (long i = 0; i < n; i++) {{
    const double u = V[i];
{body}
  }}
}}
"""
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


@dataclass(frozen=True)
class Tabulated:
    """The same step by tables: ``columns`` are expressions in V and ``dt``; elsewhere ``column(k)`` stands for them."""

    v_new: Expr
    new: Sequence[Expr]
    columns: Sequence[Expr]


def generate(layout: Layout, v_new: Expr | None, new: Sequence[Expr], by_tables: Tabulated | None = None) -> str:
    """C text of ``advance``, which takes n cells over dt in ``substeps`` equal steps.

    ``v_new`` and ``new`` are the values after a step ``dt`` in terms of the variables of the layout, ``time``, ``dt``
    and ``stimulus``. V and stimulus have shape (n,), states (n_rows, n) with rows ``stride`` doubles apart;
    a stimulus of NULL is none. parameters has shape (n_varying, n) with rows ``parameter_stride`` apart, or
    (n_varying,) with a stride of 0: then all cells have the same. ``by_tables`` adds the function ``columns`` and a
    last argument ``table`` (``Tables.at``), which is used in the tiles whose V it holds; a table of NULL is none.
    """
    loop = _loop(layout, v_new, new)
    if by_tables is None:
        head = _head(layout, "advance", "double dt, long substeps, ", [])
    else:
        n = len(by_tables.columns)
        functions = tables.interpolation(n) + _columns(layout, by_tables.columns)
        head = _head(layout, "advance", "double dt, long substeps, ", [], functions, ", const double *table")
        loop = _CHOICE.format(tabulated=_loop(layout, by_tables.v_new, by_tables.new, n), exact=loop)
    packed = "".join(f"    {line}\n" for line in _pairs(layout, "", _PACKED))
    return head + _ADVANCE.format(loop=loop, packed=packed)


def _loop(layout: Layout, v_new: Expr | None, new: Sequence[Expr], n_columns: int = 0) -> str:
    """The loop over the cells of a tile, with what no cell enters before it."""
    writer, hoisted, body = _opened(layout, [*new, *([] if v_new is None else [v_new])], n_columns)
    for k, update in enumerate(new):
        writer.write(update, hoisted, body)
        body.append(f"s{k}[i] = {writer.text(update)};")
    if v_new is not None:
        writer.write(v_new, hoisted, body)
        body.append(f"v[i] = {writer.text(v_new)};")
    return _LOOP.format(hoisted=_indented(hoisted, 6), body=_indented(body, 8))


def generate_evaluation(layout: Layout, outputs: Sequence[Expr]) -> str:
    """C text of ``evaluate``, which writes the values of ``outputs`` to the rows of out, ``out_stride`` apart."""
    writer, hoisted, body = _opened(layout, outputs)
    for k, output in enumerate(outputs):
        writer.write(output, hoisted, body)
        body.append(f"o{k}[i] = {writer.text(output)};")
    rows = [f"double *restrict o{k} = out + {k} * out_stride + start;" for k in range(len(outputs))]
    head = _head(layout, "evaluate", "double *out, long out_stride, ", rows)
    return head + _EVALUATE.format(hoisted=_indented(hoisted, 4), body=_indented(body, 6))


def _columns(layout: Layout, columns: Sequence[Expr]) -> str:
    writer = Writer({str(layout.v): "u", "dt": "step"}, depends(columns))
    hoisted: list[str] = []
    body: list[str] = []
    for k, node in enumerate(columns):
        writer.write(node, hoisted, body)
        body.append(f"out[{k} * n + i] = {writer.text(node)};")
    return _COLUMNS.format(n=len(columns), hoisted=_indented(hoisted, 2), body=_indented(body, 4))


def _opened(layout: Layout, outputs: Sequence[Expr], n_columns: int = 0) -> tuple[Writer, list[str], list[str]]:
    """The writer, the lines before the loop and those that open it."""
    names = {"time": "now", "dt": "step", "stimulus": "stim"}
    body = ["const double stim = i_stim[i];", "(void)stim;"]
    if layout.v is not None:
        names[layout.v] = "u"
        body.append("const double u = v[i];")
    for kind, array, rows in (("u", "s", layout.states), ("p", "q", layout.varying)):
        names.update({name: f"{kind}{k}" for k, name in enumerate(rows)})
        body += [f"const double {kind}{k} = {array}{k}[i];" for k in range(len(rows))]
    names.update({column(k).args[0]: f"columns[{k}][i]" for k in range(n_columns)})
    return Writer(names, depends(outputs)), [], body


def _head(layout: Layout, function: str, more: str, rows: list[str], functions: str = "", last: str = "") -> str:
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
    return _HEAD.format(
        prelude=PRELUDE,
        tile=tables.TILE if functions else TILE,
        function=function,
        more=more,
        functions=functions,
        last=last,
        **texts,
    )


def _pairs(layout: Layout, const: str, moved: str) -> list[str]:
    """The loop that unpacks the floats of a tile, or packs them again."""
    if not layout.floats:
        return []
    doubles, pairs = len(layout.states) - len(layout.floats), (len(layout.floats) + 1) // 2
    return _PAIRS.format(const=const, doubles=doubles, pairs=pairs, moved=moved).splitlines()


def _indented(lines: list[str], width: int) -> str:
    return "\n".join(" " * width + line for line in lines)
